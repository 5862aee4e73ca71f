import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, startTestServer, type TestDatabase } from '@peakstone/testing';
import { importDatabase } from '@peakstone/transfer';
import { ask, fixture, importInto, look, told, withDatabase, writeScript } from './support.ts';

const users = [1, 2, 3].map(n => `00000000-0000-4000-8000-00000000000${n}`) as [string, string, string];

const rows = {
  'auth.users': 3,
  'auth.identities': 3,
  'auth.sessions': 2,
  'public.Audit Log': 20,
  'public.films': 20,
  'public.notes': 5,
  'public.profiles': 3,
  'storage.buckets': 2,
  'storage.objects': 4,
  'supabase_migrations.schema_migrations': 1,
};

const forms = [
  ['a plain dump', ['plain.sql']],
  ['a plain dump with --clean, without owners and privileges', ['clean-noowner.sql']],
  ['a pg_dumpall', ['cluster.sql']],
  ['an archive', ['gzip.dump']],
  ['an uncompressed archive', ['none.dump']],
  ['an archive in LZ4', ['lz4.dump']],
  ['an archive in Zstandard', ['zstd.dump']],
  ['an archive of INSERTs', ['inserts.dump']],
  ['an archive written into a pipe', ['piped.dump']],
  ['a tar', ['tar.dump']],
  ['a folder', ['folder']],
  ['a folder in LZ4', ['folder-lz4']],
] as const;

/** As the application asks, in each of the ways that people come. */
async function assertAnswers(database: TestDatabase): Promise<void> {
  const films = 'select count(*) from public.films';
  // Row security as it was: anon sees what has more than one star, each user their own as well.
  assert.deepEqual(await ask(database, 'anon', null, films), [['16']]);
  assert.deepEqual(await ask(database, 'authenticated', users[0], films), [['18']]);
  assert.deepEqual(await ask(database, 'authenticated', users[1], films), [['18']]);
  assert.deepEqual(await ask(database, 'service_role', null, films), [['20']]);
  assert.deepEqual(await ask(database, 'authenticated', users[0], 'select count(*) from public.my_films()'), [
    ['10'],
  ]);
  assert.deepEqual(
    await ask(
      database,
      'authenticated',
      users[0],
      "select username from public.profiles where username = 'USER1@example.com'",
    ),
    [['user1@example.com']],
  );
  assert.deepEqual(
    await ask(
      database,
      'authenticated',
      users[0],
      "insert into public.films (title, stars) values ('New one', 5) returning owner, slug, id",
    ),
    [[users[0], 'new-one', '21']],
  );
  await assert.rejects(
    ask(
      database,
      'authenticated',
      users[0],
      `insert into public.films (title, owner) values ('Stolen', '${users[1]}')`,
    ),
    { code: '42501' },
  );
}

describe('a Supabase project', () => {
  for (const [title, files] of forms) {
    it(`comes in from ${title}, with all its rows`, async () => {
      await withDatabase(async database => {
        const report = await importInto(database, files.map(fixture));
        const { 'large objects': _, ...counted } = report.rows;
        assert.deepEqual(counted, rows);
        assert.deepEqual(told(report, 'failed', 'statement'), []);
        assert.deepEqual(
          await look(
            database,
            `select convert_from(lo_get(4711), 'utf8'), (select title from public.films where id = 3), (select count(*) from pg_policies where schemaname = 'public')`,
          ),
          [['hello', 'tab\there', '3']],
        );
        assert.deepEqual(told(report, 'aside', 'policy'), ['seen by dashboard on public.profiles']);
        await assertAnswers(database);
      });
    });
  }

  it('comes in from the three files of the Supabase CLI, into the tables that the stack makes', async () => {
    await withDatabase(async database => {
      const files = ['cli.roles.sql', 'cli.schema.sql', 'cli.data.sql'].map(fixture);
      const report = await importInto(database, files);
      const { 'supabase_migrations.schema_migrations': _, ...expected } = rows;
      assert.deepEqual(report.rows, expected);
      assert.deepEqual(told(report, 'failed', 'statement'), []);
      await assertAnswers(database);
    });
  });

  it('says what is set aside and what is changed, and why', async () => {
    await withDatabase(async database => {
      const report = await importInto(database, [fixture('cluster.sql')]);
      assert.deepEqual(told(report, 'aside', 'event trigger'), ['pgrst_ddl_watch']);
      assert.deepEqual(told(report, 'aside', 'function').sort(), [
        'extensions.pgrst_watch',
        'pgbouncer.get_auth',
      ]);
      assert.deepEqual(told(report, 'aside', 'schema'), ['pgbouncer']);
      assert.deepEqual(told(report, 'kept', 'function').sort(), ['auth.role', 'auth.uid']);
      assert.deepEqual(report.openTables, ['public.notes', 'storage.buckets', 'storage.objects']);
    });
  });

  it('never owns anything as the administrator, and keeps functions that run as their owner', async () => {
    await withDatabase(async database => {
      await importInto(database, [fixture('gzip.dump')]);
      assert.deepEqual(
        await look(
          database,
          `select distinct proowner::regrole::text from pg_proc where prosecdef and pronamespace = 'public'::regnamespace`,
        ),
        [['db_migrator']],
      );
      // The trigger that makes a profile works again, and did not while rows came in.
      const client = connect(database.superuserUrl);
      await client.script(`insert into auth.users (id, email) values (gen_random_uuid(), 'new@example.com')`);
      assert.deepEqual(await client.query('select count(*) from public.profiles'), [['4']]);
      await client.close();
    });
  });

  it('leaves to requests no more than they had: the stack’s defaults are not added', async () => {
    await withDatabase(async database => {
      await importInto(database, [fixture('gzip.dump')]);
      for (const role of ['anon', 'authenticated', 'web_anon'])
        await assert.rejects(ask(database, role, null, 'select * from public."Audit Log"'), {
          code: '42501',
        });
      // Tables made afterwards have them again.
      const client = connect(database.roleUrl('db_migrator'));
      await client.script('create table public.later (id int)');
      await client.close();
      assert.deepEqual(await ask(database, 'web_anon', null, 'select count(*) from public.later'), [['0']]);
      assert.deepEqual(
        await look(
          database,
          `select has_schema_privilege('db_migrator', 'auth', 'create'), to_regnamespace('peakstone_import') is null`,
        ),
        [['f', 't']],
      );
    });
  });

  it('brings extensions to where the dump names them', async () => {
    await withDatabase(async database => {
      const client = connect(database.superuserUrl);
      await client.script('alter extension citext set schema public');
      await client.close();
      const report = await importInto(database, [fixture('plain.sql')]);
      assert.deepEqual(told(report, 'changed', 'extension'), ['citext']);
      await assertAnswers(database);
    });
  });
});

describe('a database that runs', () => {
  it('comes in by its address, and stays as it is', async () => {
    const server = await startTestServer({ durable: false });
    const folder = mkdtempSync(join(tmpdir(), 'peakstone-live-'));
    try {
      const source = connect(server.url);
      await source.script(readFileSync(fixture('project.sql'), 'utf8'));
      await source.close();
      await withDatabase(async database => {
        const report = await importDatabase({
          origin: 'supabase',
          url: server.url,
          folder,
          adminUrl: database.superuserUrl,
          ownerUrl: database.roleUrl('db_migrator'),
        });
        const { 'large objects': _, ...counted } = report.rows;
        assert.deepEqual(counted, rows);
        await assertAnswers(database);
        assert.deepEqual(readdirSync(folder), []);
      });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('of which not all may be read comes in without that, which is told', async () => {
    const server = await startTestServer({ durable: false });
    const folder = mkdtempSync(join(tmpdir(), 'peakstone-live-'));
    try {
      const source = connect(server.url);
      await source.script(`create role visitor login password 'visits'; create schema shop; grant usage on schema shop to visitor;
        create table shop.goods (id int); insert into shop.goods values (1); grant select on shop.goods to visitor;
        create table shop.secrets (id int); insert into shop.secrets values (1)`);
      await source.close();
      await withDatabase(async database => {
        const report = await importDatabase({
          origin: 'postgres',
          url: server.url.replace('postgres@', 'visitor:visits@'),
          folder,
          adminUrl: database.superuserUrl,
          ownerUrl: database.roleUrl('db_migrator'),
        });
        assert.deepEqual(report.rows, { 'shop.goods': 1 });
        assert.deepEqual(told(report, 'aside', 'dump'), ['rows of shop.secrets']);
        assert.match(report.notes.find(({ what }) => what === 'dump')?.why ?? '', /may not read it/);
      });
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('an import', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-import-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('changes nothing with --dry-run, and says the same', async () => {
    await withDatabase(async database => {
      const before = await look(database, 'select count(*) from pg_class');
      const report = await importInto(database, [fixture('plain.sql')], { dryRun: true });
      assert.deepEqual(await look(database, 'select count(*) from pg_class'), before);
      assert.deepEqual(report.rows, rows);
      assert.deepEqual(told(report, 'aside', 'event trigger'), ['pgrst_ddl_watch']);
    });
  });

  it('refuses before anything is changed when tables of the dump are there', async () => {
    await withDatabase(async database => {
      const client = connect(database.superuserUrl);
      await client.script('create table public.films (id int)');
      await client.close();
      await assert.rejects(importInto(database, [fixture('gzip.dump')]), {
        name: 'TransferError',
        message: 'public.films is in the database already.',
      });
      assert.deepEqual(
        await look(
          database,
          `select to_regclass('public.notes'), to_regclass('auth.mfa_factors') is not null`,
        ),
        [[null, 't']],
      );
    });
  });

  it('refuses a dump that is cut off, or no dump, in one line and before anything is changed', async () => {
    const cut = join(folder, 'cut.dump');
    writeFileSync(cut, readFileSync(fixture('gzip.dump')));
    truncateSync(cut, 9_000);
    const rubbish = join(folder, 'rubbish.sql');
    writeFileSync(rubbish, Buffer.from([0x73, 0xff, 0xfe, 0x3b, 0x0a]));
    const empty = join(folder, 'empty.sql');
    writeFileSync(empty, '');
    await withDatabase(async database => {
      await assert.rejects(importInto(database, [cut]), /^TransferError: The dump ends in the middle\.$/);
      await assert.rejects(importInto(database, [rubbish]), /not text in UTF-8/);
      await assert.rejects(importInto(database, [empty]), /^TransferError: The dump holds nothing\.$/);
      await assert.rejects(importInto(database, [join(folder, 'none.sql')]), /does not exist/);
      await assert.rejects(importInto(database, [folder]), /without toc\.dat/);
      assert.deepEqual(
        await look(database, `select to_regclass('public.films'), to_regnamespace('peakstone_import')`),
        [[null, null]],
      );
    });
  });

  it('cannot act as the administrator, whatever the dump says', async () => {
    const evil = join(folder, 'evil.sql');
    writeScript(
      evil,
      `create table public.prey (id int);
create function public.climb() returns int language plpgsql as $$ begin execute 'alter role db_migrator superuser'; return 1; end $$;
create table public.trap (id int default public.climb() check (public.climb() = 1));
select public.climb();
insert into public.trap values (1);
COPY public.trap (id) FROM stdin;
2
\\.
reset role; set session authorization postgres; alter role db_migrator superuser;
create role helper superuser login;
alter role helper with superuser createrole login;
alter role postgres nologin;
grant postgres to db_migrator;
commit; rollback;
create event trigger mine on ddl_command_end execute function public.climb();
copy public.prey from program 'id';
COPY cron.job (schedule, command) FROM stdin WHERE public.climb() = 1;
* * * * *\tselect 1
\\.
insert into cron.job (schedule, command) values ('* * * * *', public.climb()::text);
INSERT INTO cron.job (schedule, command) VALUES ('* * * * *', "public"."climb"());
create role another; create table public.owned (id int);
alter table public.owned owner to another;
alter role another set search_path to 'a\\', 'b';
`,
    );
    await withDatabase(async database => {
      const report = await importInto(database, [evil]);
      assert.deepEqual(
        await look(
          database,
          `select rolname from pg_roles where rolsuper and rolname !~ '^pg_' union all
          select rolname from pg_roles where rolname = 'db_migrator' and (rolsuper or pg_has_role(oid, 'postgres'::regrole, 'member'))`,
        ),
        [['postgres']],
      );
      assert.equal(told(report, 'failed', 'statement').length > 2, true);
      // Neither the COPY's condition nor the INSERT's call is run, and without them nobody knows which rows are meant.
      assert.deepEqual(await look(database, 'select command, username from cron.job'), []);
      assert.ok(report.notes.some(({ name, why }) => /^cron\.job /.test(name) && /a condition/.test(why)));
      const client = connect(database.superuserUrl);
      await client.script('drop table public.owned; drop role another; drop role if exists helper');
      await client.close();
    });
  });

  it('that was killed goes on where it was, and ends as if it had not been', async () => {
    const large = join(folder, 'large.sql');
    const tables = Array.from(
      { length: 40 },
      (_, n) => `create table public.t${n} (id int primary key, note text);\n`,
    );
    const filled = Array.from({ length: 40 }, (_, n) => {
      const lines = Array.from({ length: 3000 }, (_, row) => `${row}\tnote ${row} of ${n}\n`).join('');
      return `COPY public.t${n} (id, note) FROM stdin;\n${lines}\\.\n`;
    });
    const last = Array.from({ length: 40 }, (_, n) => `create index on public.t${n} (note);\n`);
    writeScript(large, [...tables, ...filled, ...last].join(''));
    await withDatabase(async database => {
      for (const seen of [5, 12]) {
        const child = spawn(
          process.execPath,
          [
            fileURLToPath(new URL('importProgram.ts', import.meta.url)),
            large,
            database.superuserUrl,
            database.roleUrl('db_migrator'),
          ],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        let count = 0;
        for await (const line of createInterface({ input: child.stdout }))
          if (line.startsWith('rows of') && ++count >= seen) break;
        child.kill('SIGKILL');
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }
      await assert.rejects(
        importInto(database, [fixture('plain.sql')]),
        /The import of another dump is unfinished/,
      );
      const report = await importInto(database, [large]);
      assert.deepEqual(Object.values(report.rows), Array(40).fill(3000));
      const counted = Array.from({ length: 40 }, (_, n) => `(select count(*) from public.t${n})`).join(' + ');
      assert.deepEqual(
        await look(
          database,
          `select ${counted}, (select count(*) from pg_indexes where tablename ~ '^t[0-9]+$'), to_regnamespace('peakstone_import') is null`,
        ),
        [['120000', '80', 't']],
      );
    });
  });
});
