import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import { ask, importInto, look, stackDatabase, writeScript } from './support.ts';

describe('who may do what, in an import', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-access-'));
  after(() => rmSync(folder, { recursive: true }));

  it('is kept where the name of a role has a comma; that privileges are missing is said once', async () => {
    const file = join(folder, 'comma.sql');
    writeScript(
      file,
      `create role "team a,b";
create table public.shared (id int);
alter table public.shared enable row level security;
create policy members on public.shared for select to "team a,b", anon using (true);
create policy "give to postgres" on public.shared for select to postgres using (true);
`,
    );
    const database = await stackDatabase();
    try {
      const report = await importInto(database, [file]);
      assert.deepEqual(
        await look(
          database,
          `select r::regrole::text from pg_policy, unnest(polroles) r where polname = 'members' order by r::regrole::text collate "C"`,
        ),
        [['"team a,b"'], ['anon']],
      );
      assert.deepEqual(
        await look(
          database,
          `select r::regrole from pg_policy, unnest(polroles) r where polname = 'give to postgres'`,
        ),
        [['db_migrator']],
      );
      assert.deepEqual(
        report.notes.filter(({ what }) => what === 'privileges').map(({ kind, name }) => [kind, name]),
        [['changed', 'public']],
      );
      const client = connect(database.superuserUrl);
      await client.script('drop table public.shared; drop role "team a,b"');
      await client.close();
    } finally {
      await database.drop();
    }
  });

  it('opens no rows by a policy whose role is not here', async () => {
    const file = join(folder, 'policies.sql');
    writeScript(
      file,
      `create table public.docs (id int, tenant text);
insert into public.docs values (1, 'a'), (2, 'b');
alter table public.docs enable row level security;
create policy "to clerks" on public.docs as permissive for select to clerk using (true);
create policy mixed on public.docs for select to clerk, authenticated using (true);
create policy fence on public.docs as restrictive for select to clerk using (tenant = 'a');
grant select on table public.docs to authenticated, clerk;
create user mapping for mapped server elsewhere options (user 'x', password 'secret');
CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer);
ALTER OPERATOR public.=== (integer, integer) OWNER TO postgres;
revoke usage on language plpgsql from public;
`,
    );
    const database = await stackDatabase();
    try {
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(
        await look(
          database,
          `select p.polname, r::regrole::text from pg_policy p, unnest(polroles) r where polrelid = 'public.docs'::regclass order by 1`,
        ),
        [
          ['fence', '-'],
          ['mixed', 'authenticated'],
        ],
      );
      assert.deepEqual(await ask(database, 'authenticated', null, 'select id from public.docs'), [['1']]);
      const told = report.notes.filter(({ what }) => what === 'policy');
      assert.deepEqual(
        told.map(({ kind, name }) => [kind, name]),
        [
          ['aside', 'to clerks on public.docs'],
          ['changed', 'mixed on public.docs'],
          ['warning', 'fence on public.docs'],
        ],
      );
      assert.match(told[0]!.remedy!, /create role "clerk".*create policy "to clerks"/s);
      assert.equal(
        told[2]!.remedy,
        'When the roles are here: alter policy "fence" on "public"."docs" to "clerk"',
      );
      assert.deepEqual(
        report.notes.filter(({ kind }) => kind === 'failed'),
        [],
      );
      assert.deepEqual(
        report.notes
          .filter(({ what }) => what === 'user mapping' || what.startsWith('privileges of a lang'))
          .map(({ kind, name }) => [kind, name]),
        [
          ['aside', 'mapped on elsewhere'],
          ['aside', 'revoke on plpgsql'],
        ],
      );
      assert.doesNotMatch(JSON.stringify(report), /secret/);
      assert.deepEqual(
        await look(database, `select count(*) from pg_roles where rolname in ('mapping', 'mapped')`),
        [['0']],
      );
    } finally {
      await database.drop();
    }
  });

  it('gives nobody what is the stack’s or the server’s, whatever the dump says', async () => {
    const greedy = join(folder, 'greedy.sql');
    const memberships = [
      ...['pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_monitor'],
      ...['hasura', 'db_backup', 'db_migrator', 'db_authenticator', 'postgres'],
    ];
    const things = [
      ...[
        'database postgres',
        'language plpgsql',
        'schema cron',
        'schema auth',
        'schema public',
        'schema extensions',
      ],
      ...[
        'table cron.job',
        'table pg_catalog.pg_authid',
        'table pg_authid',
        'table public.prior',
        'view hers.none',
      ],
      ...['function pg_catalog.pg_read_file(text)', 'function auth.uid()', 'foreign data wrapper none'],
    ];
    const owners = `select 'relation', oid, relowner from pg_class where relname <> 'hers' and relkind <> 't'
      and relnamespace not in (select oid from pg_namespace where nspname = 'hers')
      union all select 'routine', oid, proowner from pg_proc where pronamespace not in (select oid from pg_namespace where nspname = 'hers')
      union all select 'database', oid, datdba from pg_database where datname in (current_database(), 'postgres', 'template0', 'template1')
      union all select 'schema', oid, nspowner from pg_namespace where nspname <> 'hers' and nspname !~ '^pg_(toast_)?temp_'
      union all select 'language', oid, lanowner from pg_language order by 1, 2`;
    const members = `select roleid::regrole, member::regrole from pg_auth_members
      where member not in (select oid from pg_roles where rolname in ('greedy', 'web_anon', 'db_migrator'))
      or roleid in (select oid from pg_roles where rolname ~ '^pg_') order by 1, 2`;
    writeScript(
      greedy,
      `create role greedy login;
grant web_anon to greedy;
${memberships.map(role => `grant ${role} to greedy;`).join('\n')}
grant greedy to hasura;
create schema hers;
alter schema hers owner to greedy;
create table hers.own (id int);
alter table hers.own owner to greedy;
create table cron.job (id int);
create table pg_catalog.pg_authid (id int);
create table pg_authid (id int);
create function pg_catalog.pg_read_file(text) returns text language sql as 'select null::text';
${things.map(thing => `alter ${thing} owner to greedy;`).join('\n')}
create function hers.climb() returns trigger language plpgsql as $$ begin execute 'alter role db_migrator superuser'; return new; end $$;
create trigger climb before insert on cron.job for each row execute function hers.climb();
alter table cron.job enable always trigger climb;
COPY cron.job (schedule, command) FROM stdin;
* * * * *\tselect 1
\\.
`,
    );
    const database = await stackDatabase();
    try {
      await look(database, 'create table public.prior (id int)');
      const before = [await look(database, owners), await look(database, members)];
      const report = await importInto(database, [greedy], { origin: 'postgres' });
      try {
        assert.deepEqual([await look(database, owners), await look(database, members)], before);
        assert.deepEqual(
          report.notes.filter(({ what }) => what === 'membership').map(({ name }) => name),
          [...memberships.map(role => `greedy in ${role}`), 'hasura in greedy'],
        );
        const left = report.notes.map(({ name }) => name).join('\n');
        for (const thing of things)
          assert.match(left, new RegExp(`greedy of ${thing.replace(/\(.*/, '').replace('.', '\\.')}$`, 'm'));
        // What is the dump's own is given to whom it says.
        assert.deepEqual(
          await look(
            database,
            `select nspowner::regrole, relowner::regrole, pg_has_role('greedy', 'web_anon', 'member'), (select rolsuper from pg_roles where rolname = 'db_migrator')
            from pg_namespace n join pg_class c on relnamespace = n.oid where nspname = 'hers'`,
          ),
          [['greedy', 'greedy', 't', 'f']],
        );
        const migrator = connect(database.roleUrl('db_migrator'));
        await assert.rejects(migrator.script(`copy (select 1) to program 'true'`), { code: '42501' });
        await migrator.close();
      } finally {
        await look(database, 'drop schema hers cascade');
        await look(database, 'drop role greedy');
      }
    } finally {
      await database.drop();
    }
  });

  it('comes to its end where an extension of the administrator’s lies among the application’s tables', async () => {
    const file = join(folder, 'members.sql');
    const database = await stackDatabase();
    try {
      await look(database, 'drop extension if exists pg_stat_statements');
      await look(database, 'create extension pg_stat_statements schema public');
      const table = `CREATE EXTENSION IF NOT EXISTS pg_stat_statements WITH SCHEMA public;
CREATE TABLE public.NAME (id int primary key);
CREATE SEQUENCE public.NAME_numbers;
`;
      for (const [name, grants, origin] of [
        ['granted', 'GRANT SELECT ON TABLE public.granted TO anon;\n', 'postgres'],
        ['ungranted', 'ALTER TABLE public.ungranted ENABLE ROW LEVEL SECURITY;\n', 'supabase'],
      ] as const) {
        writeScript(file, table.replaceAll('NAME', name) + grants);
        const report = await importInto(database, [file], { origin });
        assert.deepEqual(
          report.notes.filter(({ kind }) => kind === 'failed'),
          [],
        );
        assert.deepEqual(
          await look(
            database,
            `select has_table_privilege('hasura', 'public.${name}', 'insert'), has_sequence_privilege('hasura', 'public.${name}_numbers', 'usage'),
              has_table_privilege('read_only', 'public.${name}', 'select'), has_table_privilege('anon', 'public.${name}', 'select')`,
          ),
          [['t', 't', 't', 't']],
        );
      }
    } finally {
      await database.drop();
    }
  });

  it('takes a password only as the server stores it, and says so where it does not', async () => {
    const file = join(folder, 'passwords.sql');
    const scram =
      'SCRAM-SHA-256$4096:p14hvYMbviKkB/R2UJRRtg==$IPspCXbVReanLoLwtVmpKRwkP617P1aS1T3PnoIdOeM=:AzeamAiRNX3Ox00/xV2zg9/DV/g1L5PUVmOWLgLyl+A=';
    const md5 = 'md50123456789abcdef0123456789abcdef';
    const passwords = {
      pw_scram: scram,
      pw_md5: md5,
      pw_short: 'md5abc',
      pw_upper: md5.toUpperCase(),
      pw_clear: 'secret',
      pw_quoted: "it''s",
      pw_cut: scram.slice(0, -1),
      pw_more: `${md5}x`,
    };
    const names = Object.keys(passwords);
    writeScript(
      file,
      Object.entries(passwords)
        .map(
          ([name, password]) =>
            `create role ${name};\nalter role ${name} with login password '${password}';\n`,
        )
        .join(''),
    );
    const database = await stackDatabase();
    try {
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(
        await look(database, `select rolname, rolpassword from pg_authid where rolname ~ '^pw_' order by 1`),
        names.sort().map(name => [name, name === 'pw_scram' ? scram : name === 'pw_md5' ? md5 : null]),
      );
      assert.deepEqual(
        report.notes.map(({ kind, name, why }) => [kind, name, why]).sort(),
        names
          .filter(name => !['pw_scram', 'pw_md5'].includes(name))
          .map(name => ['changed', name, 'made without its password']),
      );
      assert.doesNotMatch(JSON.stringify(report), /secret|md5abc/);
    } finally {
      await look(database, `drop role if exists ${names.join(', ')}`);
      await database.drop();
    }
  });

  it('writes no jobs into a table whose owner is another than the administrator', async () => {
    const jobs = join(folder, 'jobs.sql');
    writeScript(jobs, `COPY cron.job (schedule, command) FROM stdin;\n* * * * *\tselect 1\n\\.\n`);
    const database = await stackDatabase();
    try {
      await look(database, 'alter table cron.job owner to db_migrator');
      const migrator = connect(database.roleUrl('db_migrator'));
      await migrator.script(`create function public.climb() returns trigger language plpgsql as $$
        begin execute 'alter role db_migrator superuser'; return new; end $$;
        create trigger climb before insert on cron.job for each row execute function public.climb();
        alter table cron.job enable always trigger climb`);
      await migrator.close();
      for (const owner of ['db_migrator', 'postgres']) {
        await look(database, `alter table cron.job owner to ${owner}`);
        const report = await importInto(database, [jobs]);
        assert.match(report.notes.map(({ why }) => why).join('\n'), /not the administrator's alone/);
        assert.deepEqual(
          await look(
            database,
            `select rolsuper, (select count(*) from cron.job) from pg_roles where rolname = 'db_migrator'`,
          ),
          [['f', '0']],
        );
      }
    } finally {
      await database.drop();
    }
  });
});
