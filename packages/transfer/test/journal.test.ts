import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, type TestDatabase } from '@peakstone/testing';
import {
  abandonImport,
  findUnfinishedImport,
  type ImportReport,
  type TransferError,
} from '@peakstone/transfer';
import { importInto, look, stackDatabase, writeScript } from './support.ts';

/** Everything that a dump could try on what an import remembers, each statement by itself, so that one refused stops no other. */
const forged = `{"owner":"journal_dba","isSuperuser":true,"roles":[],"schemas":[],"foreignSchemas":["auth"],"settings":["session_preload_libraries"]}`;
const attacks = [
  `update peakstone_import.state set world = jsonb_set(world, '{roles}', (world->'roles') - 'journal_dba')`,
  ...['import', 'role', 'note', 'rows', 'state'].flatMap(table => [
    `alter table peakstone_import.${table} owner to db_migrator`,
    `alter table peakstone_import.${table} rename to old_${table}`,
    `drop table peakstone_import.${table} cascade`,
    `create trigger t before insert or update on peakstone_import.${table} for each row execute function public.climb()`,
    `create rule r as on insert to peakstone_import.${table} do also select public.climb()`,
  ]),
  `update peakstone_import.import set world = world || '${forged}'`,
  `update peakstone_import.import set identity = 'mine'`,
  `insert into peakstone_import.role select oid from pg_catalog.pg_roles`,
  `insert into peakstone_import.note values (0, '{"kind":"failed","what":"x","name":"forged","why":"x","remedy":"peakstone sql --superuser ''alter role db_migrator superuser''"}')`,
  `lock table peakstone_import.import in access exclusive mode`,
  'alter schema peakstone_import owner to db_migrator',
  'alter schema peakstone_import rename to mine',
  'drop schema peakstone_import cascade',
  'create table peakstone_import.mine (id int)',
  'create function peakstone_import.mine() returns int language sql as $f$ select 1 $f$',
];

/** The import is ended in its middle once, as by a dump that means to be taken up again, and then run to its end. */
async function importTwice(
  database: TestDatabase,
  file: string,
  between: () => Promise<void> = async () => undefined,
): Promise<ImportReport> {
  await assert.rejects(importInto(database, [file], { origin: 'postgres' }));
  await between();
  return await importInto(database, [file], { origin: 'postgres' });
}

/** Ends its own session the first time. A new role's statement commits what came before it. */
const end = (name: string): string => `create sequence public.${name};
create role journal_filler;
do $d$ begin if nextval('public.${name}') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; end $d$;
`;

describe('what an import remembers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-journal-'));
  after(() => rmSync(folder, { recursive: true }));
  const dump = (name: string, text: string): string => {
    const file = join(folder, name);
    writeScript(file, `--\n-- PostgreSQL database dump\n--\nset statement_timeout = 0;\n${text}`);
    return file;
  };

  it('is nothing that a dump can write: taken up again, it gives nobody a superuser', async () => {
    const file = dump(
      'forged.sql',
      `create function public.climb() returns trigger language plpgsql as $$ begin execute 'alter role db_migrator superuser'; return new; end $$;
${attacks.map(text => `do $a$ begin execute ${quoted(text)}; end $a$;\n`).join('')}${end('turn')}create role journal_dba;
create role journal_mallory;
alter role journal_mallory with login;
alter role journal_mallory set session_preload_libraries to '/tmp/evil.so';
alter role journal_mallory set work_mem to '1MB';
grant journal_dba to journal_mallory;
alter role journal_dba set work_mem to '1MB';
do $d$ begin set role journal_dba; copy (select 1) to program 'true'; end $d$;
COPY cron.job (jobid, schedule, command, nodename, nodeport, database, username, active, jobname) FROM stdin;
77	* * * * *	select 1	localhost	5432	postgres	journal_dba	t	evil
\\.
`,
    );
    const database = await stackDatabase();
    try {
      await look(database, 'create role journal_dba superuser');
      const report = await importTwice(database, file);
      assert.deepEqual(
        await look(
          database,
          `select m.rolname, m.rolsuper, pg_has_role(m.oid, 'journal_dba', 'member'), m.rolcanlogin, (select setconfig from pg_db_role_setting where setrole = m.oid and setdatabase = 0)
          from pg_roles m where rolname in ('db_migrator', 'journal_mallory', 'journal_dba') order by 1`,
        ),
        [
          ['db_migrator', 'f', 'f', 't', (await migratorSetting(database)) as string],
          ['journal_dba', 't', 't', 'f', null],
          ['journal_mallory', 'f', 'f', 't', '{work_mem=1MB}'],
        ],
      );
      assert.deepEqual(await look(database, 'select username from cron.job'), [['db_migrator']]);
      assert.deepEqual(await look(database, `select to_regnamespace('peakstone_import') is null`), [['t']]);
      // Each was refused, and nothing was told that the server did not say.
      const refused = report.notes.filter(({ kind }) => kind === 'failed');
      assert.equal(refused.length >= attacks.length, true);
      assert.deepEqual(
        refused.filter(({ name }) => name === 'forged'),
        [],
      );
    } finally {
      await forget(database);
    }
  });

  it('is of roles that it made itself: one that somebody makes meanwhile, or makes powerful, is left alone', async () => {
    const file = dump(
      'between.sql',
      `create role journal_mallory;
${end('between')}
create role journal_dba;
alter role journal_dba with login;
grant journal_dba to journal_filler;
alter role journal_mallory with login;
grant journal_mallory to journal_filler;
`,
    );
    const database = await stackDatabase();
    try {
      const report = await importTwice(database, file, async () => {
        await look(database, 'create role journal_dba');
        await look(database, 'alter role journal_mallory bypassrls');
      });
      assert.deepEqual(
        await look(
          database,
          `select rolname, rolcanlogin, pg_has_role('journal_filler', oid, 'member') from pg_roles where rolname in ('journal_mallory', 'journal_dba') order by 1`,
        ),
        [
          ['journal_dba', 'f', 'f'],
          ['journal_mallory', 'f', 'f'],
        ],
      );
      assert.match(
        report.notes.map(({ why }) => why).join('\n'),
        /role journal_dba was not made by this import[\s\S]*role journal_mallory has power over the server/,
      );
    } finally {
      await forget(database);
    }
  });

  it('is not believed where another than the administrator could have written it', async () => {
    const file = dump('plain.sql', 'create table public.one (id int);\n');
    const database = await stackDatabase();
    try {
      const migrator = connect(database.roleUrl('db_migrator'));
      await migrator.script(`create schema peakstone_import;
        create table peakstone_import.import (identity text, world jsonb); create table peakstone_import.state (position bigint)`);
      await migrator.close();
      await assert.rejects(importInto(database, [file]), /peakstone_import is not the administrator’s/);
      await look(database, 'drop schema peakstone_import cascade');
      const report = await importInto(database, [file]);
      assert.equal(report.made.table, 1);
    } finally {
      await forget(database);
    }
  });
});

describe('an import that was ended in the middle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-ended-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ended.sql');
  writeScript(
    file,
    `create table public.kept (id int);
COPY public.gone (id) FROM stdin;
1
2
\\.
insert into public.gone_too (id) values (3);
${end('halfway')}COPY public.gone (id) FROM stdin;
4
\\.
`,
  );
  const rights = async (database: TestDatabase): Promise<unknown> => [
    await look(database, `select has_schema_privilege('db_migrator', 'auth', 'create')`),
    await look(
      database,
      `select defaclnamespace::regnamespace::text, defaclobjtype, defaclacl::text from pg_default_acl where defaclrole = 'db_migrator'::regrole order by 1, 2`,
    ),
  ];

  it('loads without triggers, and leaves no right to that', async () => {
    const database = await stackDatabase();
    const fired = join(folder, 'fired.sql');
    writeScript(
      fired,
      `create table public.watched (id int);
create function public.refuse() returns trigger language plpgsql as $$ begin raise exception 'fired'; end $$;
create trigger t before insert on public.watched for each row execute function public.refuse();
COPY public.watched (id) FROM stdin;
1
\\.
`,
    );
    try {
      // With DATABASE_SUPABASE=full it has it for good.
      await look(database, 'revoke set on parameter session_replication_role from db_migrator');
      const report = await importInto(database, [fired], { origin: 'postgres' });
      assert.deepEqual(report.rows, { 'public.watched': 1 });
      assert.deepEqual(
        report.notes.filter(({ kind }) => kind === 'failed'),
        [],
      );
    } finally {
      await forget(database);
    }
  });

  it('tells, taken up again, of all rows that had no place', async () => {
    const database = await stackDatabase();
    try {
      const report = await importTwice(database, file);
      assert.deepEqual(
        report.notes.filter(({ what }) => what === 'rows').map(({ kind, name }) => [kind, name]),
        [
          ['aside', 'public.gone (3)'],
          ['aside', 'public.gone_too (1)'],
        ],
      );
    } finally {
      await forget(database);
    }
  });

  it('is given up by a command: what its owner might do is taken back, and the defaults are as they were', async () => {
    const database = await stackDatabase();
    const addresses = { adminUrl: database.superuserUrl, ownerUrl: database.roleUrl('db_migrator') };
    try {
      assert.equal(await abandonImport(addresses), null);
      const before = await rights(database);
      await assert.rejects(importInto(database, [file], { origin: 'postgres' }));
      assert.notDeepEqual(await rights(database), before);
      const other = join(folder, 'other.sql');
      writeScript(other, 'create table public.another (id int);\n');
      await assert.rejects(
        importInto(database, [other], { origin: 'postgres' }),
        (error: TransferError) =>
          /another dump is unfinished/.test(error.message) &&
          /peakstone import abandon/.test(error.hint ?? ''),
      );
      assert.match((await abandonImport(addresses))!.files.join(), /ended\.sql/);
      assert.deepEqual(await rights(database), before);
      assert.equal(await findUnfinishedImport(database.superuserUrl), null);
      assert.equal((await importInto(database, [other], { origin: 'postgres' })).made.table, 1);
      // What it made is remembered until another one begins.
      assert.deepEqual(await look(database, `select to_regnamespace('peakstone_import') is null`), [['t']]);
    } finally {
      await forget(database);
    }
  });

  it('of a publication for all tables goes on behind it, and keeps what it publishes', async () => {
    const file = join(folder, 'publication.sql');
    writeScript(
      file,
      `CREATE TABLE public.before (id integer);
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert, truncate', publish_via_partition_root = true);
CREATE TABLE public.behind (id integer);
COPY public.behind (id) FROM stdin;
1
\\.
`,
    );
    const database = await stackDatabase();
    try {
      await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(
        await look(
          database,
          `select pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot, (select count(*) from public.behind) from pg_publication where pubname = 'everything'`,
        ),
        [['t', 'f', 'f', 't', 't', '1']],
      );
    } finally {
      await database.drop();
    }
  });
});

async function migratorSetting(database: TestDatabase): Promise<string | null> {
  const [row] = await look(
    database,
    `select setconfig from pg_db_role_setting where setrole = 'db_migrator'::regrole and setdatabase = 0`,
  );
  return row?.[0] ?? null;
}

/** Roles are the server's, which other tests use. */
async function forget(database: TestDatabase): Promise<void> {
  for (const role of ['journal_dba', 'journal_mallory', 'journal_filler'])
    await look(database, `drop role if exists ${role}`);
  await database.drop();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
