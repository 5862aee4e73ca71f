import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { PLATFORM_ROLES, STACK_ROLES } from '@peakstone/kernel/inventory';
import { connect, type TestDatabase } from '@peakstone/testing';
import type { ImportReport } from '@peakstone/transfer';
import type { Act } from '../src/import/administrator/index.ts';
import { Administrator, UnlistedError } from '../src/import/administrator/index.ts';
import type { World } from '../src/import/world.ts';
import { importInto, look, stackDatabase, writeScript } from './support.ts';

/** What the administrator has made besides the stack: a runner of SQL, which only the closed door of its schema keeps. */
const OTHERS = `
  create schema ops;
  create function ops.run(q text) returns void language plpgsql security definer as $$ begin execute q; end $$;
  create table ops.docs (id int, body text);
  create index docs_body on ops.docs using gin (body extensions.gin_trgm_ops);
  create table ops.keyless (id int);
  insert into ops.keyless values (1);
  create extension seg schema ops;
  insert into cron.job (jobid, schedule, command, database, username) values (7, '0 0 1 1 *', 'select 7', 'elsewhere', 'db_migrator');
  alter table cron.job disable trigger check_job;
  update cron.job set username = 'somebody' where jobid = 7;
  alter table cron.job enable trigger check_job;
`;

/** The server's roles are those of the databases of other tests too, which run beside these. */
const KNOWN = `'{postgres,${[...STACK_ROLES, ...PLATFORM_ROLES].map(({ name }) => name).join()}}'`;
const isKnown = (role: string): string => `(${role} = any (${KNOWN}) or ${role} ~ '^pg_')`;

/** All that is not the dump's: whose it is, who may use it, and where it is. */
const STATE = {
  roles: `select rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, rolcanlogin, rolinherit, rolconnlimit, rolpassword
    from pg_authid where ${isKnown('rolname')} order by 1`,
  memberships: `select roleid::regrole, member::regrole, admin_option, inherit_option, set_option from pg_auth_members
    where ${isKnown('roleid::regrole::text')} and ${isKnown('member::regrole::text')} order by 1, 2`,
  schemas: `select nspname, nspowner::regrole, (select string_agg(a, ' ' order by a) from unnest(nspacl::text[]) a where a !~ '^adm_')
    from pg_namespace where nspname !~ '^pg_' and nspname !~ 'shop' order by 1`,
  relations: `select oid::regclass, relowner::regrole, relacl from pg_class
    where relnamespace in ('ops'::regnamespace, 'cron'::regnamespace, 'auth'::regnamespace, 'peakstone'::regnamespace) and relname !~ '^adm_' order by 1`,
  routines: `select oid::regprocedure, proowner::regrole, proacl from pg_proc
    where pronamespace in ('ops'::regnamespace, 'cron'::regnamespace, 'auth'::regnamespace) and proname !~ '^adm_' order by 1`,
  extensions: `select extname, extowner::regrole, extnamespace::regnamespace from pg_extension order by 1`,
  jobs: `select * from cron.job where jobid = 7`,
  publications: `select pubname, pubowner::regrole from pg_publication where puballtables order by 1`,
  keyless: `select id from ops.keyless`,
};

interface Hostile {
  readonly dump: string;
  /** What it does once it is in, as the owner; each may fail. */
  readonly afterwards?: readonly string[];
  /** What is told of it. */
  readonly told: RegExp;
}

const none: Hostile = { dump: '', told: /^/ };

/** For each act, a dump that would have it done to what is not its own. */
const hostile: Record<Act['kind'], readonly Hostile[]> = {
  'grant use': [
    {
      dump: `CREATE ROLE adm_evil;
GRANT USAGE ON SCHEMA ops TO adm_evil;
SELECT ops.run('alter role db_migrator superuser');`,
      afterwards: [`select ops.run('alter role db_migrator superuser')`],
      told: /aside privileges of a schema grant on ops/,
    },
    {
      dump: `CREATE ROLE adm_evil;
GRANT ALL ON SCHEMA ops TO adm_evil WITH GRANT OPTION;
GRANT CREATE ON SCHEMA auth TO adm_evil;
GRANT USAGE ON SCHEMA cron TO adm_evil;
GRANT USAGE ON SCHEMA peakstone TO adm_evil;
CREATE FUNCTION auth.adm_mine() RETURNS int LANGUAGE sql AS 'select 1';
ALTER FUNCTION auth.adm_mine() OWNER TO adm_evil;`,
      told: /aside privileges of a schema grant on ops/,
    },
  ],
  'make role': [
    {
      dump: `CREATE ROLE adm_evil SUPERUSER;
CREATE ROLE db_backup;
CREATE ROLE pg_evil;
CREATE ROLE db_migrator;
GRANT db_backup TO db_migrator;`,
      told: /aside membership db_migrator in db_backup|^/,
    },
  ],
  // An import makes and ends; it drops no role before it is given up.
  'drop role': [none],
  'drop extension': [none],
  'alter role': [
    {
      dump: `CREATE ROLE adm_evil;
ALTER ROLE adm_evil WITH SUPERUSER CREATEROLE REPLICATION BYPASSRLS LOGIN PASSWORD 'md5abc';
ALTER ROLE db_migrator WITH SUPERUSER PASSWORD 'md50123456789abcdef0123456789abcdef';
ALTER ROLE postgres WITH PASSWORD 'md50123456789abcdef0123456789abcdef';
ALTER ROLE service_role WITH LOGIN PASSWORD 'md50123456789abcdef0123456789abcdef';
ALTER ROLE adm_evil CONNECTION LIMIT 3 IN ROLE pg_monitor;`,
      told: /changed role adm_evil made without SUPERUSER, CREATEROLE, REPLICATION, BYPASSRLS, its password/,
    },
  ],
  'grant role': [
    {
      dump: `CREATE ROLE adm_evil;
GRANT adm_evil, service_role TO anon;
GRANT adm_evil, app_user, pg_read_all_data TO web_anon;
GRANT db_backup, hasura TO adm_evil;
GRANT adm_evil TO db_backup;
GRANT service_role TO adm_evil;
GRANT adm_evil TO anon;`,
      told: /aside membership web_anon in adm_evil, app_user, pg_read_all_data/,
    },
  ],
  'move extension': [
    {
      dump: `CREATE SCHEMA shop9;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA shop9;
CREATE EXTENSION IF NOT EXISTS seg WITH SCHEMA shop9;
CREATE EXTENSION IF NOT EXISTS hypopg WITH SCHEMA shop9;`,
      afterwards: ['drop schema shop9 cascade'],
      told: /kept extension pg_trgm stays in schema extensions.*index ops\.docs_body/s,
    },
    {
      dump: `CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA ops;
CREATE EXTENSION IF NOT EXISTS seg WITH SCHEMA extensions;
CREATE TABLE public.adm_t (id int);`,
      told: /kept extension seg stays in schema ops/,
    },
  ],
  'make extension': [
    {
      dump: `CREATE SCHEMA shop9;
CREATE FUNCTION shop9.adm() RETURNS int LANGUAGE sql AS 'select 1';
CREATE EXTENSION IF NOT EXISTS nosuch WITH SCHEMA ops;
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA shop9;`,
      afterwards: ['drop schema shop9 cascade'],
      told: /aside extension nosuch/,
    },
  ],
  'write jobs': [
    {
      dump: `COPY cron.job (jobid, schedule, command, nodename, nodeport, database, username, active, jobname) FROM stdin;
8	* * * * *	select 8	elsewhere	1	template1	postgres	t	\\N
\\.
INSERT INTO cron.job (schedule, command, username) VALUES ('* * * * *', 'select 9', 'postgres');`,
      told: /^/,
    },
    {
      dump: `COPY cron.job (jobid, schedule, command) FROM stdin;
7	* * * * *	select 'mine now'
\\.
COPY cron.job (jobid, schedule, command) FROM stdin;
9223372036854775806	* * * * *	select 1
\\.`,
      told: /failed statement rows of cron\.job .*duplicate key.*aside rows cron\.job \(1\) .*out of bounds/s,
    },
  ],
  'make home': [none],
  'open auth': [
    {
      dump: `CREATE TABLE auth.adm_mine (id int);
CREATE OR REPLACE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql AS 'select null::uuid';
GRANT ALL ON SCHEMA auth TO PUBLIC;`,
      afterwards: ['create table auth.adm_later (id int)'],
      told: /kept function auth\.uid/,
    },
  ],
  'close auth': [none],
  'lend loading': [
    {
      dump: `CREATE FUNCTION public.adm_steal() RETURNS text LANGUAGE sql AS 'select peakstone_import.load_without_triggers()';
SELECT peakstone_import.load_without_triggers();`,
      afterwards: ['select public.adm_steal()'],
      told: /failed statement .*load_without_triggers/,
    },
  ],
  'end loading': [none],
  'tell apis': [none],
};

/** Not an act any more: the administrator is not asked at all. */
const unadministered: readonly Hostile[] = [
  {
    dump: `CREATE TABLE public.adm_t (id int);
CREATE PUBLICATION adm_all FOR ALL TABLES;`,
    told: /changed publication adm_all publishes the dump’s tables/,
  },
];

describe('what the administrator does for a dump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-administered-'));
  let database: TestDatabase;
  before(async () => {
    database = await stackDatabase();
    const client = connect(database.superuserUrl);
    await client.script(OTHERS);
    await client.close();
    // An import gives the stack's readers and writers what is the owner's.
    await bring({ dump: 'CREATE TABLE public.adm_t (id int);', told: /^/ });
    await clean();
  });
  after(async () => {
    await database?.drop();
    rmSync(folder, { recursive: true });
  });

  const state = async (): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(STATE).map(async ([name, sql]) => [name, await look(database, sql)] as const),
      ),
    );

  const bring = async ({ dump, afterwards = [] }: Hostile): Promise<ImportReport> => {
    const file = join(folder, 'hostile.sql');
    writeScript(file, `${dump}\n`);
    const report = await importInto(database, [file], { origin: 'postgres' });
    for (const statement of afterwards) {
      const migrator = connect(database.roleUrl('db_migrator'));
      await migrator.script(statement).catch(() => undefined);
      await migrator.close();
    }
    return report;
  };

  const clean = async (): Promise<void> => {
    await look(
      database,
      `do $$ declare name text; begin
        if to_regclass('public.adm_t') is not null then drop table public.adm_t; end if;
        drop table if exists auth.adm_mine, auth.adm_later;
        drop function if exists auth.adm_mine(), public.adm_steal();
        drop publication if exists adm_all;
        drop schema if exists shop9 cascade;
        delete from cron.job where jobid <> 7;
        if exists (select from pg_roles where rolname = 'adm_evil') then drop owned by adm_evil; drop role adm_evil; end if;
      end $$`,
    );
  };

  for (const [act, dumps] of [...Object.entries(hostile), ['nothing', unadministered] as const])
    for (const [index, each] of dumps.filter(({ dump }) => dump !== '').entries())
      it(`changes nothing that is not the dump’s own: ${act} (${index + 1})`, async () => {
        try {
          const past = await state();
          const report = await bring(each);
          assert.deepEqual(await state(), past);
          const told = report.notes.map(({ kind, what, name, why }) => `${kind} ${what} ${name} ${why}`);
          assert.match(told.join('\n'), each.told);
        } finally {
          await clean();
        }
      });

  it('leaves the tables of others to be changed beside a publication of all of a dump’s', async () => {
    try {
      await bring({
        dump: `CREATE TABLE public.adm_t (id int);
CREATE PUBLICATION adm_all FOR ALL TABLES;`,
        told: /^/,
      });
      await look(database, 'update ops.keyless set id = id');
      assert.deepEqual(
        await look(database, `select tablename from pg_publication_tables where pubname = 'adm_all'`),
        [['adm_t']],
      );
    } finally {
      await clean();
    }
  });

  it('gives a dump’s role the use of the schemas that are the stack’s for that, and its jobs to the owner', async () => {
    try {
      await bring({
        dump: `CREATE ROLE adm_evil;
GRANT USAGE ON SCHEMA auth TO adm_evil;
INSERT INTO cron.job (jobid, schedule, command, username, database) VALUES (41, '* * * * *', 'select 1', 'postgres', 'x');`,
        told: /^/,
      });
      assert.deepEqual(
        await look(
          database,
          `select has_schema_privilege('adm_evil', 'auth', 'usage'), has_schema_privilege('adm_evil', 'auth', 'create'),
            (select username || ' ' || (database = current_database()) from cron.job where jobid = 41)`,
        ),
        [['t', 'f', 'db_migrator true']],
      );
    } finally {
      await clean();
    }
  });

  it('takes a dump’s jobs in but for one whose number would leave none to others', async () => {
    const file = join(folder, 'numbers.sql');
    writeScript(
      file,
      `COPY cron.job (jobid, schedule, command) FROM stdin;
42	* * * * *	select 42
9223372036854775806	* * * * *	select 1
\\.
INSERT INTO cron.job (jobid, schedule, command) VALUES (-1, '* * * * *', 'select 2');
`,
    );
    try {
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(await look(database, 'select jobid from cron.job where jobid <> 7'), [['42']]);
      assert.equal(report.rows['cron.job'], 1);
      const [told, ...more] = report.notes.filter(({ what }) => what === 'rows');
      assert.deepEqual([told?.kind, told?.name, more.length], ['aside', 'cron.job (2)', 0]);
      assert.match(told?.why ?? '', /numbers are out of bounds/);
    } finally {
      await clean();
    }
  });

  it('moves an extension of the stack’s to where the dump names it, when nobody else needs it', async () => {
    const file = join(folder, 'moved.sql');
    writeScript(
      file,
      'CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public;\nCREATE TABLE public.adm_t (name public.citext);\n',
    );
    try {
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(
        report.notes.filter(({ kind }) => kind === 'failed'),
        [],
      );
      assert.deepEqual(
        await look(
          database,
          `select extnamespace::regnamespace, (select count(*) from pg_attribute where attrelid = 'public.adm_t'::regclass and attname = 'name')
          from pg_extension where extname = 'citext'`,
        ),
        [['public', '1']],
      );
    } finally {
      await clean();
      await look(database, 'alter extension citext set schema extensions');
    }
  });

  it('is refused before it is said, whoever decides it, where its object is on no list', async () => {
    const said: string[] = [];
    const pool = { script: async (text: string) => void said.push(text) } as never;
    const administrator = new Administrator(pool, { owner: 'db_migrator' } as World);
    const acts: readonly Act[] = [
      { kind: 'grant use', schema: 'ops', role: 'adm_evil' },
      { kind: 'grant use', schema: 'cron', role: 'adm_evil' },
      { kind: 'grant use', schema: 'auth', role: 'db_migrator' },
      { kind: 'make role', role: 'pg_evil' },
      { kind: 'grant role', role: 'pg_monitor', member: 'adm_evil', inherits: true },
      { kind: 'grant role', role: 'service_role', member: 'anon', inherits: true },
      { kind: 'grant role', role: 'db_backup', member: 'adm_evil', inherits: true },
      { kind: 'grant role', role: 'adm_evil', member: 'hasura', inherits: true },
      { kind: 'move extension', extension: 'postgis', schema: 'public' },
      { kind: 'move extension', extension: 'pg_cron', schema: 'public' },
      { kind: 'move extension', extension: 'citext', schema: 'pg_catalog' },
      { kind: 'make extension', extension: 'citext', schema: 'cron' },
      {
        kind: 'alter role',
        role: 'adm_evil',
        attributes: { login: true, inherit: true, connectionLimit: null, verifier: 'md5abc' },
      },
      {
        kind: 'write jobs',
        table: 'cron.job',
        columns: ['command'],
        values: [[{ kind: 'plain', text: 'ops.run()' }]],
      },
      { kind: 'write jobs', table: 'pg_catalog.pg_authid' as 'cron.job', columns: [], values: [] },
    ];
    for (const act of acts) await assert.rejects(administrator.do(act), UnlistedError, JSON.stringify(act));
    assert.deepEqual(said, []);
  });

  it('is said in one place: nothing else of an import has a session that may do more than look', () => {
    const sources = new URL('../src/import/', import.meta.url);
    // Its own memory, in a schema of its own, and who opens and closes the session.
    const mayHold = new Set([
      'journal.ts',
      'run.ts',
      'abandon.ts',
      'world.ts',
      'unfinished.ts',
      'fromDatabase.ts',
    ]);
    for (const file of readdirSync(sources).filter(name => name.endsWith('.ts'))) {
      const text = readFileSync(new URL(file, sources), 'utf8');
      if (!mayHold.has(file)) assert.doesNotMatch(text, /\bPool\b|createPrivilegedPool/, file);
      if (file !== 'journal.ts') assert.doesNotMatch(text, /\badmin(?:istrator)?\.script\(/, file);
    }
  });
});
