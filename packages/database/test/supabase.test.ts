import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Bootstrapped, startBootstrapped } from './bootstrapped.ts';

describe('the SQL of a Supabase project', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped({ supabase: 'full' });
    assert.deepEqual(stack.report.failed, []);
  });
  after(() => stack.server.stop());

  it('finds what it takes for granted, and what db_migrator could not make', async () => {
    await stack.as(
      'db_migrator',
      'create table public.first (id uuid primary key default uuid_generate_v4(), updated_at timestamptz, made_by text)',
      'create extension if not exists moddatetime schema extensions',
      'create extension if not exists insert_username with schema extensions',
      'create trigger handle_updated_at before update on public.first for each row execute procedure moddatetime (updated_at)',
      'create trigger made_by before insert on public.first for each row execute procedure extensions.insert_username (made_by)',
      'insert into public.first default values',
      'update public.first set id = id',
    );
    assert.deepEqual(
      await stack.as('db_migrator', 'select made_by, updated_at is not null from public.first'),
      [['db_migrator', 't']],
    );
    assert.deepEqual(
      await stack.as(
        'db_migrator',
        'select (select count(*) from auth.sessions), (select count(*) from auth.mfa_factors)',
      ),
      [['0', '0']],
    );
  });

  it('acts as the roles of requests in tests of policies, and loads rows without triggers', async () => {
    await stack.as(
      'db_migrator',
      'create table public.guarded (owner uuid references auth.users)',
      'alter table public.guarded enable row level security',
      'create policy own on public.guarded to authenticated using (owner = auth.uid())',
      'set session_replication_role = replica',
      "insert into public.guarded values ('00000000-0000-4000-8000-0000000000aa')",
    );
    const seen = async (role: string) =>
      await stack.as(
        'db_migrator',
        `set role ${role}`,
        'set "request.jwt.claims" = \'{"sub":"00000000-0000-4000-8000-0000000000bb"}\'',
        'select count(*) from public.guarded',
      );
    assert.deepEqual(await seen('anon'), [['0']]);
    assert.deepEqual(await seen('authenticated'), [['0']]);
    assert.deepEqual(await seen('service_role'), [['1']]);
    await assert.rejects(stack.as('db_migrator', 'set role postgres'), { code: '42501' });
    assert.deepEqual((await stack.bootstrap()).failed, []);
  });

  it('runs as db_migrator', async () => {
    await stack.as(
      'db_migrator',
      'create extension if not exists pgcrypto with schema extensions',
      'create extension if not exists "uuid-ossp" with schema extensions',
      `create table public.profiles (
         id uuid primary key references auth.users on delete cascade, username text unique,
         token text default encode(extensions.gen_random_bytes(8), 'hex'), other uuid default extensions.uuid_generate_v4())`,
      'alter table public.profiles owner to supabase_admin',
      'alter table public.profiles owner to db_migrator',
      'alter table public.profiles enable row level security',
      'create policy "Everybody reads" on public.profiles for select using (true)',
      'create policy "Own" on public.profiles for update to authenticated using ((select auth.uid()) = id)',
      `create function public.handle_new_user() returns trigger language plpgsql security definer set search_path = '' as $$
         begin
           insert into public.profiles (id, username) values (new.id, new.raw_user_meta_data ->> 'username');
           return new;
         end $$`,
      'create trigger on_auth_user_created after insert on auth.users for each row execute function public.handle_new_user()',
      "insert into storage.buckets (id, name, public) values ('avatars', 'avatars', true)",
      `create policy "Own folder" on storage.objects for insert to authenticated
         with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)`,
      'create policy "Pictures" on storage.objects for select to anon using (storage.extension(name) = \'png\')',
      'alter publication supabase_realtime add table public.profiles',
      'grant usage on schema public to postgres, anon, authenticated, service_role, dashboard_user',
      'alter default privileges in schema public grant all on tables to anon, authenticated',
      "insert into auth.users (id, email, raw_user_meta_data) values ('00000000-0000-4000-8000-000000000001', 'ada@example.com', '{\"username\":\"ada\"}')",
    );
    assert.deepEqual(await stack.asRequest('anon', 'select username from public.profiles'), [['ada']]);
  });

  it('leaves it to row security what visitors and users may do in public', async () => {
    await stack.as(
      'db_migrator',
      'create table public.open (id int generated always as identity, name text)',
    );
    await stack.asSuperuser('create table public.also (id serial, name text)');
    for (const role of ['anon', 'authenticated', 'service_role'])
      for (const table of ['open', 'also'])
        await stack.asRequest(role, `insert into public.${table} (name) values ('${role}')`);
    await assert.rejects(stack.asRequest('web_anon', "insert into public.open (name) values ('x')"), {
      code: '42501',
    });
    await assert.rejects(
      stack.asRequest(
        'authenticated',
        'select set_config(\'request.jwt.claims\', \'{"sub":"00000000-0000-4000-8000-000000000002"}\', false)',
        "insert into storage.objects (bucket_id, name) values ('avatars', '00000000-0000-4000-8000-000000000001/a.png')",
      ),
      { code: '42501' },
    );
    await stack.asRequest(
      'authenticated',
      'select set_config(\'request.jwt.claims\', \'{"sub":"00000000-0000-4000-8000-000000000001"}\', false)',
      "insert into storage.objects (bucket_id, name) values ('avatars', '00000000-0000-4000-8000-000000000001/a.png')",
    );
    assert.deepEqual(
      await stack.asRequest(
        'anon',
        'select name, path_tokens[2], storage.filename(name) from storage.objects',
      ),
      [['00000000-0000-4000-8000-000000000001/a.png', 'a.png', 'a.png']],
    );
  });

  it('keeps the accounts from everybody who asks through an API', async () => {
    for (const role of ['anon', 'authenticated', 'web_anon', 'app_user', 'service_role'])
      await assert.rejects(stack.asRequest(role, 'select * from auth.users'), { code: '42501' }, role);
  });

  it('finds its own tables when they are there already, and is left as it is', async () => {
    await stack.as(
      'db_migrator',
      'alter table storage.objects disable row level security',
      'alter table auth.users drop phone',
    );
    await stack.asSuperuser('alter role web_anon login');
    assert.deepEqual((await stack.bootstrap()).failed, []);
    assert.deepEqual(
      await stack.asSuperuser("select relrowsecurity from pg_class where oid = 'storage.objects'::regclass"),
      [['f']],
    );
    assert.equal((await stack.bootstrap()).outcome, 'unchanged');
  });
});
