import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, reservePorts } from '@peakstone/testing';
import { finish, Project } from './cli.ts';

interface Found {
  readonly files: readonly { readonly name: string | null; readonly sql: string }[];
  readonly losses: readonly { readonly message: string }[];
}

describe('peakstone migrate diff', () => {
  const project = new Project();
  const inFolder = () =>
    readdirSync(join(project.folder, 'migrations')).filter(name => name.endsWith('.sql'));
  const diff = (...options: string[]) => project.run(['migrate', 'diff', ...options]);
  const sql = async (text: string) => {
    const { code, stderr } = await project.run(['sql', text]);
    assert.equal(code, 0, stderr);
  };
  before(async () => {
    await project.json('up', '--detach', '--port-base', String(await reservePorts(8)));
  });
  after(() => project.close());

  it('writes what was changed in the stack’s database, counts it as applied there, and makes types anew', async () => {
    await sql('create table films (id bigint generated always as identity primary key, title text)');
    await sql('alter table films enable row level security');
    await project.run(['gen', 'types', '-o', 'types.ts']);
    await sql('alter table films add year int');
    const { code, stdout, stderr } = await diff('films');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^migrations\/\d{14}_films\.sql\n$/);
    const text = readFileSync(join(project.folder, stdout.trim()), 'utf8');
    assert.match(text, /^CREATE TABLE "public"\."films" /m);
    // The stack's default privileges give them.
    assert.doesNotMatch(text, /GRANT|REVOKE|OWNER/);
    assert.match(stderr, /Wrote types\.ts anew/);
    assert.match(readFileSync(join(project.folder, 'types.ts'), 'utf8'), /year/);
    assert.match((await project.run(['migrate', 'status'])).stdout, /Status: OK[\s\S]*Executed Files: {2}1/);
    assert.equal((await project.run(['migrate', 'validate'])).code, 0);
    assert.match((await diff('nothing')).stderr, /Nothing differs/);
    assert.equal(inFolder().length, 1);
  });

  it('refuses what loses rows, and does it with --allow-destructive', async () => {
    await sql(`insert into films (title, year) values ('a', 1)`);
    await sql('alter table films drop year');
    const refused = await diff('drop_year');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /Column year of public\.films goes with its values\. Nothing was done\./);
    assert.equal(inFolder().length, 1);
    const { files, losses } = await project.json<Found>(
      'migrate',
      'diff',
      'drop_year',
      '--allow-destructive',
    );
    assert.deepEqual(
      losses.map(({ message }) => message),
      ['Column year of public.films goes with its values.'],
    );
    assert.match(files[0]?.sql ?? '', /DROP COLUMN "year"/);
    assert.equal(inFolder().length, 2);
  });

  it('refuses rights of a role that no migration makes, with the line that makes it', async () => {
    const asSuperuser = (text: string) => project.run(['sql', '--superuser', text]);
    assert.equal((await asSuperuser('create role biz')).code, 0);
    await sql('create table bz (a int); grant select on bz to biz');
    const refused = await diff('biz');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Role biz has rights or policies, and no migration makes a role/);
    assert.match(refused.stderr, /sql --superuser 'create role "biz"'/);
    assert.equal(inFolder().length, 2);
    await sql('drop table bz');
    assert.equal((await asSuperuser('drop role biz')).code, 0);
  });

  it('refuses names that no file could have', async () => {
    for (const command of ['new', 'diff'])
      assert.match(
        (await project.run(['migrate', command, 'x\ny'])).stderr,
        /"x\\ny" is no part of a file's name\./,
      );
    assert.match((await project.run(['migrate', 'new', 'x h1:y'])).stderr, /no part of a file's name/);
    assert.equal(inFolder().length, 2);
  });

  it('never guesses a rename: says how to say it, and does as it is told', async () => {
    await sql('alter table films rename title to name');
    const guessed = await diff('rename');
    assert.match(guessed.stderr, /This may be a rename; if it is: --rename films\.title=name/);
    assert.equal(inFolder().length, 2);
    const told = await diff('rename', '--rename', 'films.title=name');
    assert.equal(told.code, 0, told.stderr);
    assert.match(
      readFileSync(join(project.folder, told.stdout.trim()), 'utf8'),
      /RENAME COLUMN "title" TO "name"/,
    );
  });

  it('will not take back what is in the folder and not applied', async () => {
    await project.run(['migrate', 'new', 'later']);
    const refused = await diff('x');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /1 of the folder’s files is not applied in that database[\s\S]*hint: /);
    await project.run(['migrate', 'apply']);
  });

  it('writes what declared files want, in whatever order they say it, and prints it with --dry-run', async () => {
    mkdirSync(join(project.folder, 'declared'));
    const write = (name: string, text: string) => writeFileSync(join(project.folder, 'declared', name), text);
    write('a.sql', 'create view names as select name from films;');
    write(
      'b.sql',
      'create table films (id bigint generated always as identity primary key, name text); alter table films enable row level security; create index films_name on films (name);',
    );
    const dry = await diff('--to', 'declared', '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(
      dry.stdout,
      /CREATE VIEW "public"\."names"[\s\S]*-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY films_name/,
    );
    const before = inFolder().length;
    assert.equal((await diff('declared', '--to', 'declared')).code, 0);
    assert.equal(inFolder().length, before + 2);
    const applied = await project.run(['migrate', 'apply']);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match((await diff('--to', 'declared')).stderr, /Nothing differs/);
    write('c.sql', 'create table broken (id nothing);');
    assert.match(
      (await diff('--to', 'declared')).stderr,
      /^error: .+declared\/c\.sql:1: type "nothing" does not exist$/m,
    );
  });

  it('shows a plan that is not proven, and never writes it', async () => {
    rmSync(join(project.folder, 'declared', 'c.sql'));
    await sql(`insert into films (name) values (null)`);
    const declared = join(project.folder, 'declared', 'b.sql');
    writeFileSync(declared, readFileSync(declared, 'utf8').replace('name text)', 'name text not null)'));
    const before = inFolder().length;
    const { code, stdout, stderr } = await diff('unproven', '--to', 'declared');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /The plan is not proven, and was not written: .+contains null values|is violated by some row/,
    );
    assert.match(stdout, /SET NOT NULL/);
    assert.equal(inFolder().length, before);
  });

  it('writes nothing when it is interrupted, and leaves no server behind', async () => {
    const before = inFolder().length;
    const child = project.start('migrate', 'diff', 'interrupted', '--to', 'declared');
    child.stderr!.on('data', text => String(text).includes('reading both') && child.kill('SIGINT'));
    const { code, stderr } = await finish(child);
    assert.equal(code, 130, stderr);
    assert.match(stderr, /^error: Cancelled\. Nothing was written\.$/m);
    assert.equal(inFolder().length, before);
  });

  for (const whose of ['its owner', 'a superuser'])
    it(`reads another database as ${whose}, and runs what that calls as nobody who may do more`, async () => {
      const database = `other_${whose.replaceAll(' ', '_')}`;
      const admin = connect((await project.run(['url', 'superuser'])).stdout.trim());
      const url = new URL((await project.run(['url', 'superuser'])).stdout.trim());
      url.pathname = `/${database}`;
      await admin.script(`create role ${database} login password 'other'`);
      await admin.script(`create database ${database} owner ${database}`);
      await admin.close();
      const owners = new URL(url);
      Object.assign(owners, { username: database, password: 'other' });
      const owner = connect(String(owners));
      await owner.script(`create function g() returns int language plpgsql as $$ begin
          if (select rolsuper from pg_roles where rolname = current_user) then raise 'g was called by a superuser'; end if;
          return 1;
        end $$;
        create table t (id int primary key, m int default g());
        create materialized view mv as select g() as g`);
      await owner.close();
      mkdirSync(join(project.folder, 'empty'), { recursive: true });
      const from = whose === 'a superuser' ? url : owners;
      const { code, stdout, stderr } = await diff('--from', String(from), '--dir', 'empty', '--dry-run');
      assert.equal(code, 0, stderr);
      assert.match(stdout, /CREATE MATERIALIZED VIEW "public"\."mv"/);
      assert.doesNotMatch(stderr, /not proven|superuser/);
    });

  it('refuses what opens rows, and does it with --allow-opening', async () => {
    const open = 'create table public.notes (a int);';
    const file = join(project.folder, 'open.sql');
    const dir = join(project.folder, 'opening');
    const to = ['--dir', dir, '--to', file];
    writeFileSync(file, `${open} alter table public.notes enable row level security;`);
    assert.equal((await diff('closed', ...to)).code, 0);
    writeFileSync(file, open);
    const refused = await diff('opened', ...to);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /Row security of public\.notes is turned off: whoever has a grant sees every row\. Nothing was done\.[\s\S]*--allow-opening/,
    );
    assert.equal((await diff('opened', ...to, '--allow-opening')).code, 0);
  });

  it('says in one line what it does not understand', async () => {
    for (const [options, code, message] of [
      [['--from', 'nowhere'], 2, /--from needs an address/],
      [['--from', 'stack', '--to', 'x'], 2, /exclude each other/],
      [['a/b'], 2, /no part of a file's name/],
      [['--to', 'missing'], 1, /There is no .*missing/],
      [['--rename', 'x'], 1, /is not OLD=NEW/],
    ] as const) {
      const ran = await diff(...options);
      assert.equal(ran.code, code, ran.stderr);
      assert.match(ran.stderr, message);
    }
    assert.equal(existsSync(join(project.folder, 'x')), false);
  });
});

describe('peakstone migrate diff for a Supabase project', () => {
  const project = new Project();
  after(() => project.close());

  it('writes what the application has on auth.users and storage.objects, and extensions where they are', async () => {
    writeFileSync(join(project.folder, '.env'), 'DATABASE_SUPABASE=full\n');
    writeFileSync(
      join(project.folder, 'schema.sql'),
      `create extension hstore schema extensions;
create table public.profiles (id uuid primary key references auth.users (id), h extensions.hstore);
create function public.welcome() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger on_auth_user_created after insert on auth.users for each row execute function public.welcome();
create policy "anyone reads" on storage.objects for select using (bucket_id = 'public');
alter publication supabase_realtime add table public.profiles;
`,
    );
    const { code, stdout, stderr } = await project.run(['migrate', 'diff', 'profiles']);
    assert.equal(code, 0, stderr);
    const text = readFileSync(join(project.folder, stdout.trim()), 'utf8');
    assert.match(text, /^CREATE EXTENSION "hstore" SCHEMA "extensions";$/m);
    assert.match(text, /^CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth\.users /m);
    assert.match(text, /^CREATE POLICY "anyone reads" ON "storage"\."objects" /m);
    assert.match((await project.run(['migrate', 'diff'])).stderr, /Nothing differs/);
    // What replays the folder does so on a database like the stack's.
    assert.equal((await project.run(['migrate', 'validate', '--replay'])).code, 0);
    await project.run(['migrate', 'new', 'more']);
    const squashed = await project.run(['migrate', 'squash', '--dry-run']);
    assert.equal(squashed.code, 0, squashed.stderr);
  });
});
