import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectClient } from '@peakstone/kernel/pg';
import { reservePorts } from '@peakstone/testing';
import { finish, Project, until, untilHealthy } from './cli.ts';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../transfer/test/fixtures/${name}`, import.meta.url));

describe('a database that comes in and goes out', () => {
  const project = new Project();
  let address: string;
  before(async () => {
    writeFileSync(join(project.folder, '.env'), 'DATABASE_SUPABASE=full\n');
    const port = await reservePorts(4);
    await project.json('up', '--detach', '--port-base', String(port));
    address = `http://127.0.0.1:${port}/rest/v1`;
  });
  after(() => project.close());

  const key = async (...argv: string[]): Promise<string> =>
    (await project.run(['secrets', 'jwt', ...argv])).stdout.trim();

  const get = async (path: string, token: string): Promise<unknown> => {
    const response = await fetch(`${address}/${path}`, { headers: { authorization: `Bearer ${token}` } });
    return await response.json();
  };

  it('that came in halfway is listed, and removed without what was there before; the same dump can be imported then', async t => {
    const address = (await project.run(['url', 'superuser'])).stdout.trim();
    const holder = await connectClient({ url: address });
    t.after(() => holder.close());
    const relations = async (): Promise<unknown> =>
      JSON.parse(
        (
          await project.run([
            'sql',
            '--superuser',
            '--json',
            `select oid::regclass::text from pg_class where relnamespace in ('public'::regnamespace, 'cron'::regnamespace) order by 1`,
          ])
        ).stdout,
      );
    await project.run(['sql', 'create table public.ours (id int); insert into ours values (1)']);
    const before = await relations();
    // It stops before its publications.
    await holder.script('begin; lock table pg_catalog.pg_publication in share mode');
    const importing = project.start('import', 'supabase', fixture('gzip.dump'));
    const ended = finish(importing);
    await until(async () => {
      const results = await holder.script(
        `select count(*) from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation where not l.granted and c.relname = 'pg_publication'`,
      );
      return results.at(-1)!.rows[0]![0]!.toString() !== '0';
    });
    importing.kill('SIGKILL');
    await ended;
    await holder.script('commit');
    const listed = await project.run(['import', 'abandon']);
    assert.equal(listed.code, 0, listed.stderr);
    assert.match(listed.stdout, /^table public\.films$/m);
    assert.doesNotMatch(listed.stdout, /public\.ours/);
    assert.match(
      listed.stderr,
      /^The import of .*gzip\.dump is given up\.\nWhat it made is still in the database: \d+ objects, as listed\..* import abandon --undo$/m,
    );
    const refused = await project.run(['import', 'supabase', fixture('gzip.dump')]);
    assert.match(refused.stderr, /in the database already\.\nhint: .*: peakstone import abandon --undo\n/);
    const unasked = await project.run(['import', 'abandon', '--undo']);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /Nothing was done\.\nhint: .*peakstone import abandon --undo --yes/);
    const { code, stderr } = await project.run(['import', 'abandon', '--undo', '--yes']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Removed \d+ objects/m);
    assert.deepEqual(await relations(), before);
    assert.equal((await project.run(['import', 'abandon'])).stderr, 'No import was begun.\n');
    await project.run(['sql', 'drop table public.ours']);
    await project.run(['restart', 'postgres']);
    await untilHealthy(project);
  });

  it('a Supabase project’s is served over REST as it was, to anon, each user and the service role', async () => {
    const planned = await project.run(['import', 'supabase', '--dry-run', '--json', fixture('gzip.dump')]);
    assert.equal(planned.code, 0, planned.stderr);
    const { code, stdout, stderr } = await project.run(['import', 'supabase', fixture('gzip.dump')]);
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.match(stdout, /^Imported 64 rows of 11 tables; /);
    assert.match(stdout, /\nSet aside\n[\s\S]*event trigger {2}pgrst_ddl_watch: /);
    assert.match(stdout, /\nOpen to everybody\n {2}table {2}public\.notes, /);
    const user = (n: number): Promise<string> =>
      key('--role', 'authenticated', '--sub', `00000000-0000-4000-8000-00000000000${n}`);
    const seen = async (token: string): Promise<number> =>
      ((await get('films?select=id', token)) as unknown[]).length;
    assert.equal(await seen(await key('anon')), 16);
    assert.equal(await seen(await user(1)), 18);
    assert.equal(await seen(await user(2)), 18);
    assert.equal(await seen(await key('service')), 20);
    assert.deepEqual(await get('profiles?select=username', await user(2)), [
      { username: 'user2@example.com' },
    ]);
    assert.equal(((await get('Audit%20Log', await user(1))) as { code: string }).code, '42501');
  });

  it('is refused in one line, and nothing is changed, when it is there already or no dump', async () => {
    for (const [files, message] of [
      [[fixture('plain.sql')], /^error: .* are in the database already\.\nhint: /m],
      [['nowhere.dump'], /^error: .*nowhere\.dump does not exist\.$/m],
      [
        [fixture('gzip.dump'), fixture('plain.sql')],
        /^error: .* is an archive, which is imported by itself\.$/m,
      ],
    ] as const) {
      const { code, stdout, stderr } = await project.run(['import', 'supabase', ...files]);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    }
    assert.equal((await project.run(['import', 'supabase'])).code, 2);
  });

  it('is dumped to a file that only its owner may read, and to a pipe', async () => {
    const { code, stdout, stderr } = await project.run(['dump', '--builtin', '-f', 'all.sql']);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, '');
    assert.match(stderr, /\nWrote .*all\.sql: \d+ rows of \d+ tables\.\n$/);
    const file = join(project.folder, 'all.sql');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^CREATE POLICY "own films"/m);
    const table = await project.run(['dump', '--builtin', '--data-only', '-t', 'films']);
    assert.equal(table.stdout.match(/^COPY/gm)?.length, 1);
    const wrong = await project.run(['dump', '--builtin', '-t', 'film', '-f', 'film.sql']);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /^error: There is no table 'film'\.$/m);
    assert.equal(existsSync(join(project.folder, 'film.sql')), false);
    assert.equal((await project.run(['dump', '--schema-only', '--data-only'])).code, 2);
  });

  it('is dumped without what the login may not read, which is said, as is a password that others can see', async () => {
    await project.run(
      ['sql', '--superuser'],
      `create role visitor login password 'visits'; create schema shop; grant usage on schema shop to visitor;
       create table shop.goods (id int); grant select on shop.goods to visitor; create table shop.secrets (id int)`,
    );
    const url = new URL((await project.run(['url', 'superuser'])).stdout.trim());
    url.username = 'visitor';
    url.password = 'visits';
    const { code, stdout, stderr } = await project.run([
      'dump',
      '--builtin',
      '-n',
      'shop',
      '--url',
      url.href,
    ]);
    assert.equal(code, 1);
    assert.match(stdout, /COPY shop\.goods/);
    assert.match(
      stderr,
      /^Not in it, as this login may not read it: rows of shop\.secrets\. Name a login that may, as a superuser or the owner\.$/m,
    );
    assert.match(stderr, /^The password in the address can be seen by other users/m);
    assert.doesNotMatch(stderr, /extensions make|visits/);
    await project.run(['sql', '--superuser', 'drop schema shop cascade; drop role visitor']);
  });

  it('is not dumped where Ctrl-C cancels it, which says so; and ends quietly for a reader that has seen enough', async () => {
    const holder = project.start('sql', '--superuser', 'begin; lock table films; select pg_sleep(600)');
    const held = finish(holder);
    const waiting = async (name: string): Promise<boolean> => {
      const looking = `select count(*)::int as n from pg_stat_activity where wait_event_type is not null and ${name}`;
      const { stdout } = await project.run(['sql', '--superuser', '--json', looking]);
      return (JSON.parse(stdout) as [{ n: number }])[0].n > 0;
    };
    await until(() => waiting(`wait_event = 'PgSleep'`));
    const dumping = project.start('dump', '--builtin', '-f', 'cancelled.sql');
    const ended = finish(dumping);
    await until(() => waiting(`application_name = 'peakstone dump' and wait_event_type = 'Lock'`));
    dumping.kill('SIGINT');
    const { code, stderr } = await ended;
    assert.equal(code, 130);
    assert.match(stderr, /^Cancelled\. The file was not written\.$/m);
    assert.deepEqual(
      readdirSync(project.folder).filter(name => name.startsWith('cancelled')),
      [],
    );
    holder.kill('SIGINT');
    await held;
    const unread = project.start('dump', '--builtin');
    unread.stdout!.destroy();
    const quiet = await finish(unread);
    assert.equal(quiet.code, 141);
    assert.doesNotMatch(quiet.stderr, /error|Cancelled/);
  });

  it('comes back from its own dump, into an empty database', async () => {
    await project.run(['sql', '--superuser', 'create database other']);
    const restored = await project.run(
      ['sql', '--superuser'],
      `\\connect other\n${readFileSync(join(project.folder, 'all.sql'), 'utf8')}`,
    );
    assert.equal(restored.code, 0, restored.stderr);
    const counted = await project.run(
      ['sql', '--superuser', '--json'],
      '\\connect other\nselect count(*)::int from public.films',
    );
    assert.deepEqual(JSON.parse(counted.stdout).at(-1), { count: 20 });
  });
});
