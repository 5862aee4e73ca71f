import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, reservePorts, type SqlClient, startTestServer, type TestServer } from '@peakstone/testing';
import { Project, until } from './cli.ts';

interface Listed {
  readonly method: string;
  readonly backups: readonly unknown[];
  readonly logical: readonly {
    readonly id: string;
    readonly database: string;
    readonly label: string | null;
    readonly rows: number;
    readonly missing: readonly string[];
  }[];
  readonly lastTest: { readonly ok: boolean; readonly rows: number; readonly text: string } | null;
}

describe('peakstone backup of a database that others run', () => {
  let server: TestServer;
  let sql: SqlClient;
  let project: Project;
  before(async () => {
    server = await startTestServer();
    sql = connect(server.url);
    await sql.script('create database shop');
    await sql.close();
    const url = new URL(server.url);
    url.pathname = '/shop';
    sql = connect(url.href);
    await sql.script(`create table public.orders (id bigint generated always as identity primary key, note text not null);
      create index on public.orders (note); insert into public.orders (note) select 'order ' || g from generate_series(1, 3000) g;
      create view public.latest as select * from public.orders order by id desc limit 10;
      create function public.total() returns bigint language sql as 'select count(*) from public.orders'`);
    project = new Project({ DATABASE_ENGINE: url.href });
    const { code, stderr } = await project.run([
      'backup',
      'schedule',
      'on',
      '--full',
      'off',
      '--incremental',
      'off',
    ]);
    assert.equal(code, 0, stderr);
    await project.json('up', '--detach', '--port-base', String(await reservePorts(5)));
  });
  after(async () => {
    await project.close();
    await sql.close();
    await server.stop();
  });

  const list = () => project.json<Listed>('backup', 'list');
  const run = async (code: number, ...argv: string[]) => {
    const ran = await project.run(['backup', ...argv]);
    assert.equal(ran.code, code, ran.stderr);
    assert.doesNotMatch(ran.stderr, /looks like a bug|\n\s+at /);
    return ran;
  };
  const texts = () => {
    const cluster = join(project.folder, '.peakstone/backups');
    const [identifier] = readdirSync(cluster);
    return join(cluster, identifier!, 'logical/text');
  };

  it('makes one as SQL at once, and one whenever it is asked', async () => {
    await until(
      async () =>
        existsSync(join(project.folder, '.peakstone/backups')) && (await list()).logical.length === 1,
    );
    const { stdout } = await run(0, 'create', '--label', 'before 2.0');
    const { method, backups, logical } = await list();
    assert.equal(method, 'logical');
    assert.deepEqual(backups, []);
    assert.equal(logical[1]?.id, stdout.trim());
    assert.deepEqual(
      [logical[1]!.database, logical[1]!.label, logical[1]!.rows, logical[1]!.missing],
      ['shop', 'before 2.0', 3001, []],
    );
    await run(1, 'create', '--incremental').then(({ stderr }) =>
      assert.match(stderr, /A backup as SQL is always a full one/),
    );
    const people = await run(0, 'list');
    assert.match(people.stdout, /SQL of shop .* before 2\.0/);
    assert.match(people.stderr, /Each is of the moment when it was begun/);
  });

  it('tries one on a throw-away server', async () => {
    await run(0, 'test').then(({ stdout }) =>
      assert.match(stdout, /^\d{8}-\d{6}S: loaded: \d+ tables with 3000 of 3001 rows, \d+ indexes\n$/),
    );
    assert.equal((await list()).lastTest?.ok, true);
  });

  it('gives one back as a file that a database is filled from', async () => {
    await sql.script('delete from public.orders where id > 5');
    const file = join(project.folder, 'then.sql');
    const { stdout, stderr } = await run(0, 'restore', '--into', 'then.sql');
    assert.equal(stdout, `${file}\n`);
    assert.match(stderr, /as SQL, of .*\n.*import postgres .*then\.sql/);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    await run(1, 'restore', '--into', 'then.sql').then(again =>
      assert.match(again.stderr, /then\.sql is there already/),
    );
    await run(1, 'restore', '--yes').then(inPlace =>
      assert.match(inPlace.stderr, /backup restore --into FILE\.sql/),
    );
    await sql.script('create database again');
    const url = new URL(server.url);
    url.pathname = '/again';
    const other = new Project({ DATABASE_ENGINE: url.href });
    await other.json('up', '--detach', '--port-base', String(await reservePorts(5)));
    const loaded = await other.run(['import', 'postgres', file]);
    await other.close();
    assert.equal(loaded.code, 0, loaded.stderr);
    const again = connect(url.href);
    try {
      assert.deepEqual(await again.query('select total(), max(id) from latest'), [['3000', '3000']]);
    } finally {
      await again.close();
    }
  });

  it('finds what was changed in the store', async () => {
    assert.match((await run(0, 'verify')).stdout, /^\d{8}-\d{6}S {2}ok\n\d{8}-\d{6}S {2}ok\n$/);
    const [id] = readdirSync(texts()).sort();
    const part = join(texts(), id!, '000000');
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(part, bytes);
    const { stdout } = await run(4, 'verify');
    assert.match(stdout, new RegExp(`${id} {2}cannot be restored\\n {2}.*${id}`));
    assert.match(stdout, /S {2}ok\n$/);
    await run(1, 'restore', '--backup', id!, '--into', 'damaged.sql');
    assert.ok(!existsSync(join(project.folder, 'damaged.sql')));
    await run(4, 'test', id!);
  });

  it('tells what only an administrator may make apart from what is broken, with what stands on it', async () => {
    await sql.script(`create schema apart; create publication whole for tables in schema apart;
      create function public.proof(bigint) returns boolean leakproof language sql as 'select true';
      create function public.own(text) returns integer language internal immutable strict as 'textlen';
      create view public.proven as select * from public.orders where public.proof(id)`);
    await run(0, 'create');
    const { stdout } = await run(0, 'test');
    assert.match(
      stdout,
      /loaded: .*; only an administrator may make own \(permission denied for language internal\)/,
    );
    assert.match(stdout, /proof \(only superuser can define a leakproof function\)/);
    assert.match(stdout, /must be superuser to add or set schemas/);
    assert.match(stdout, /not tried, with \d+ statements that stand on them\n$/);
    assert.equal((await list()).lastTest?.ok, true);
  });
});
