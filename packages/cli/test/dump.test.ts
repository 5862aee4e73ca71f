import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

/** As pg_dump writes it: nothing is looked up by the search path, and extensions are where they were there. */
const dump = (table: string): string => `--
-- PostgreSQL database dump
--
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

--
-- Name: citext; Type: EXTENSION; Schema: -; Owner: -
--
CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;

COMMENT ON EXTENSION citext IS 'data type for case-insensitive character strings';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
COMMENT ON EXTENSION pgcrypto IS 'cryptographic functions';

CREATE TABLE public.${table} (id text DEFAULT public.gen_salt('md5'::text) NOT NULL, email public.citext);
COPY public.${table} (id, email) FROM stdin;
1\tAda@example.com
\\.
CREATE INDEX ON public.${table} USING gin (((email)::text) public.gin_trgm_ops);

--
-- PostgreSQL database dump complete
--
`;

const placesOf = `select extname as name, extnamespace::regnamespace::text as place from pg_extension
  where extname in ('citext', 'pg_trgm', 'pgcrypto', 'unaccent') order by 1`;

describe('a plain dump of a database with extensions in public', () => {
  const project = new Project();
  const up = ['up', '--detach', '--port-base'];
  before(async () => {
    up.push(String(await reservePorts(4)));
    await project.json(...up);
  });
  after(() => project.close());

  const rows = async (sql: string): Promise<unknown> =>
    JSON.parse((await project.run(['sql', '--json', sql])).stdout);

  it('is restored as db_migrator and as the administrator, whole or not at all', async () => {
    writeFileSync(join(project.folder, 'dump.sql'), dump('first'));
    const { code, stdout, stderr } = await project.run(['sql', '-1', '-f', 'dump.sql']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^dump\.sql:12: extension citext moved from schema extensions to public\. /m);
    assert.match(
      stderr,
      /^dump\.sql:14: passed over: extension citext is the administrator's to comment on/m,
    );
    assert.doesNotMatch(stdout, /COMMENT/);
    assert.deepEqual(await rows("select email from first where email = 'ADA@EXAMPLE.COM'"), [
      { email: 'Ada@example.com' },
    ]);
    assert.deepEqual(await rows(placesOf), [
      { name: 'citext', place: 'public' },
      { name: 'pg_trgm', place: 'public' },
      { name: 'pgcrypto', place: 'public' },
      { name: 'unaccent', place: 'extensions' },
    ]);
    writeFileSync(join(project.folder, 'second.sql'), dump('second'));
    const again = await project.run(['sql', '--superuser', '-f', 'second.sql']);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /COMMENT/);
    const json = await project.run(['sql', '--json'], "comment on extension citext is 'x';\nselect 1 as a");
    assert.deepEqual(JSON.parse(json.stdout), [[], [{ a: 1 }]]);
  });

  it('that was cut off is not run, from a file, a pipe or an included file, unless it is asked for', async () => {
    const cut = dump('cut').slice(0, -40);
    writeFileSync(join(project.folder, 'cut.sql'), cut);
    writeFileSync(join(project.folder, 'including.sql'), '\\i cut.sql\n');
    for (const [argv, input] of [[['-f', 'cut.sql']], [['-f', 'including.sql']], [[], cut]] as const) {
      const { code, stdout, stderr } = await project.run(['sql', ...argv], input);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /is not known to be whole: it begins as pg_dump begins a dump/);
      assert.match(stderr, /^hint: +Nothing was run\. .* --allow-incomplete$/m);
    }
    assert.deepEqual(await rows("select to_regclass('public.cut') as found"), [{ found: null }]);
    const { code, stderr } = await project.run(['sql', '--allow-incomplete', '-f', 'cut.sql']);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await rows('select count(*)::int as n from public.cut'), [{ n: 1 }]);
  });

  it('leaves an extension where others would lose by it, and says so', async () => {
    const as = (...argv: string[]) => project.run(['sql', ...argv]);
    assert.equal(
      (
        await as(
          '--superuser',
          `alter extension pg_trgm set schema extensions; create schema dba; create table dba.word (text text); create index on dba.word using gin (text extensions.gin_trgm_ops)`,
        )
      ).code,
      0,
    );
    const file = join(project.folder, 'theirs.sql');
    writeFileSync(file, 'create schema shop;\ncreate extension if not exists pg_trgm schema shop;\n');
    const { code, stderr } = await as('-f', 'theirs.sql');
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^theirs\.sql:2: extension pg_trgm stays in schema extensions, not in shop: things of others than /m,
    );
    assert.equal((await as('drop schema shop cascade')).code, 0);
    assert.equal((await as('--superuser', 'drop schema dba cascade')).code, 0);
  });

  it('goes on after the next start, which moves them back, and is restored once more', async () => {
    await project.run(['down']);
    await project.json(...up);
    assert.deepEqual(
      new Set(((await rows(placesOf)) as { place: string }[]).map(({ place }) => place)),
      new Set(['extensions']),
    );
    assert.deepEqual(await rows("insert into second (email) values ('Bob') returning id <> '' as made"), [
      { made: true },
    ]);
    assert.deepEqual(await rows("select email from first where email = 'ADA@EXAMPLE.COM'"), [
      { email: 'Ada@example.com' },
    ]);
    const third = await project.run(['sql'], dump('third'));
    assert.equal(third.code, 0, third.stderr);
  });

  it('names line and remedy where a function finds the extension where it is', async () => {
    const made = await project.run(
      ['sql'],
      'create function plain(x text) returns text language plpgsql as $$ begin return extensions.unaccent(x); end $$',
    );
    assert.equal(made.code, 0, made.stderr);
    const { code, stderr } = await project.run(
      ['sql'],
      'select 1;\ncreate extension if not exists unaccent with schema public;\n',
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: Line 2: extension unaccent is in schema extensions, where these functions name it: .*plain\(text\)\.\nhint: {2}Write extensions for public/m,
    );
  });

  it('names the remedy of what only the administrator may, and of what the server lacks', async () => {
    for (const statement of [
      'create role somebody',
      'alter table first owner to postgres',
      'alter default privileges for role postgres in schema public grant select on tables to anon',
      "alter role anon set statement_timeout = '3s'",
      'create extension postgres_fdw',
      'set role postgres',
      'set session_replication_role = replica',
      'drop extension citext',
    ]) {
      writeFileSync(join(project.folder, 'admin.sql'), `select 1;\n${statement};\n`);
      const { code, stderr } = await project.run(['sql', '-f', 'admin.sql']);
      assert.equal(code, 1, statement);
      assert.match(stderr, /^admin\.sql:2:\d+: ERROR:/, statement);
      assert.match(
        stderr,
        /^HINT: .*run it with --superuser \(peakstone sql --superuser -f admin\.sql\)/m,
        statement,
      );
    }
    const lacking = await project.run(['sql', 'create extension nosuch_extension']);
    assert.match(lacking.stderr, /^HINT: .*not part of this server.*DATABASE_ENGINE/m);
    const other = await project.run(['sql', '--role', 'app_user', 'create role somebody']);
    assert.doesNotMatch(other.stderr, /--superuser/);
  });

  it('of its own database closes what was closed, restored over it and in another stack', async () => {
    const readers = `select string_agg(r, ',' order by r) from unnest(array['web_anon', 'app_user', 'read_only', 'hasura']) r
      where has_table_privilege(r, 'public.closed', 'select')`;
    await project.run([
      'sql',
      'create table public.closed (a text); revoke all on public.closed from web_anon, app_user, read_only, hasura; create table public.open (a text)',
    ]);
    assert.deepEqual(await rows(readers), [{ string_agg: null }]);
    for (const [dumping, restoring] of [
      [
        ['dump', '--clean', '-f', 'all.sql'],
        ['sql', '--superuser', '-f', 'all.sql'],
      ],
      [
        ['dump', '--clean', '-t', 'closed', '-f', 'one.sql'],
        ['sql', '-f', 'one.sql'],
      ],
    ] as const) {
      const { code, stderr } = await project.run(dumping);
      assert.equal(code, 0, stderr);
      const restored = await project.run(restoring);
      assert.equal(restored.code, 0, restored.stderr);
      assert.deepEqual(await rows(readers), [{ string_agg: null }]);
    }
    const other = new Project();
    await other.json('up', '--detach', '--port-base', String(await reservePorts(4)));
    try {
      const { code, stdout, stderr } = await other.run([
        'import',
        'postgres',
        join(project.folder, 'all.sql'),
      ]);
      assert.equal(code, 0, stdout + stderr);
      const may = async (table: string) =>
        JSON.parse((await other.run(['sql', '--json', readers.replace('closed', table)])).stdout);
      await project.run([
        'sql',
        'create table public.parent (id int primary key); create table public.child (id int references public.parent); insert into public.parent values (1); insert into public.child values (1)',
      ]);
      const part = join(project.folder, 'part.sql');
      assert.equal((await project.run(['dump', '-t', 'child', '-f', part])).code, 0);
      const refused = await other.run(['sql', '-f', part]);
      assert.equal(refused.code, 1);
      assert.match(
        refused.stderr,
        /what it needs is not here: table public\.parent\.[\s\S]*HINT: {2}Nothing was made\./,
      );
      // What only its rows show is not half done either.
      await other.run(['sql', 'create table public.parent (id int primary key)']);
      const failed = await other.run(['sql', '-f', part]);
      assert.match(failed.stderr, /violates foreign key constraint[\s\S]*All of it was rolled back\./);
      const child = await other.run(['sql', '--json', "select to_regclass('public.child') as child"]);
      assert.deepEqual(JSON.parse(child.stdout), [{ child: null }]);
      await other.run(['sql', 'insert into public.parent values (1)']);
      assert.equal((await other.run(['sql', '-f', part])).code, 0);
      assert.deepEqual(await may('closed'), [{ string_agg: null }]);
      assert.deepEqual(await may('open'), [{ string_agg: 'app_user,hasura,read_only,web_anon' }]);
    } finally {
      await other.close();
    }
  });
});
