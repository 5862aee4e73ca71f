/** A session that may do more than those who write into the database calls nothing of theirs. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { key, loadCatalog } from '@peakstone/kernel/catalog';
import { createPool, createPrivilegedPool, listen } from '@peakstone/kernel/pg';
import {
  connect,
  type DecoyCall,
  plantDecoys,
  readDecoyCall,
  startTestServer,
  type TestServer,
  until,
} from '@peakstone/testing';
import { ensureDatabase } from '../src/bootstrap/create.ts';
import { fingerprint } from '../src/bootstrap/inspect.ts';
import {
  type BootstrapOptions,
  bootstrapDatabase,
  connectionUrl,
  ensureSecrets,
  rotateSecrets,
} from '../src/index.ts';
import { createProbe } from '../src/probe.ts';
import { passwords } from './bootstrapped.ts';
import { remove, temporaryFolder } from './support.ts';
import { variables } from './variables.ts';

const options: BootstrapOptions = {
  database: 'postgres',
  schemas: ['public', 'people'],
  passwords,
  supabase: 'full',
  roleSettings: { web_anon: { statement_timeout: '8s' } },
  superuser: { name: 'postgres', password: 'pw-super' },
};

/** The first in a search path that an administrator was talked into, so that every exact copy wins. */
const HOSTILE_PATH = 'people, public, pg_catalog';

for (const raises of [false, true]) {
  describe(`decoys that ${raises ? 'fail' : 'only tell'} when they are called`, () => {
    let server: TestServer;
    const calls: DecoyCall[] = [];
    const url = (role: keyof typeof passwords) =>
      connectionUrl({ host: '127.0.0.1', port: server.port }, 'postgres', role, passwords[role]);
    const asSuperuser = async (text: string) => {
      const client = connect(server.url);
      try {
        await client.script(`set search_path = pg_catalog; set event_triggers = off; ${text}`);
      } finally {
        await client.close();
      }
    };
    /** Calls by a role that may do more than the decoys' owner. What this process was sent, its log holds by then. */
    const callsDuring = async (work: () => Promise<unknown>): Promise<DecoyCall[]> => {
      const first = calls.length;
      await work();
      await asSuperuser(`do $$ begin raise log 'DECOY mark session=s current=c'; end $$`);
      await until(() => calls.slice(first).some(({ decoy }) => decoy === 'mark'));
      return calls.slice(first).filter(({ decoy }) => decoy !== 'mark');
    };

    const rotate = async () => {
      const folder = temporaryFolder();
      const file = path.join(folder, '.env');
      ensureSecrets(file, { variables });
      await rotateSecrets(file, { names: ['HASURA_DB_PASSWORD'], variables, adminUrl: server.url });
      remove(folder);
    };

    before(async () => {
      server = await startTestServer({
        durable: false,
        onLog: line => {
          const call = readDecoyCall(line);
          if (call) calls.push(call);
        },
      });
      await bootstrapDatabase(server.url, options);
      for (const schema of ['public', 'people']) await plantDecoys(url('db_migrator'), { schema, raises });
      await asSuperuser(`
        alter database postgres set search_path = ${HOSTILE_PATH};
        alter role postgres set search_path = ${HOSTILE_PATH};
        alter role db_authenticator set search_path = ${HOSTILE_PATH};
        create event trigger decoy_start on ddl_command_start execute function public.on_event();
        create event trigger decoy_end on ddl_command_end execute function public.on_event();
        create event trigger decoy_drop on sql_drop execute function public.on_event()`);
    });
    after(() => server.stop());

    it('are called by a session that is not protected', async () => {
      const pool = createPool({ url: server.url, size: 1 });
      const found = await callsDuring(() =>
        fingerprint(pool, ['public'], ['web_anon']).catch(() => undefined),
      );
      await pool.close();
      assert.ok(found.some(({ currentUser }) => currentUser === 'postgres'));
    });

    it('are not called by the bootstrap, whatever it has to do', async () => {
      const found = await callsDuring(async () => {
        assert.equal((await bootstrapDatabase(server.url, options)).outcome, 'applied');
        await asSuperuser(`
          drop event trigger peakstone_drop_watch; drop function peakstone.drop_watch(); drop function auth.uid() cascade;
          drop extension pg_trgm; create extension pg_trgm schema public; drop extension citext;
          alter schema people owner to postgres; alter role hasura password 'other'; revoke app_user from db_authenticator;
          alter role web_anon set work_mem = '1MB'; drop table storage.objects;
          alter database postgres set search_path = ${HOSTILE_PATH}`);
        const report = await bootstrapDatabase(server.url, { ...options, regrant: true });
        assert.deepEqual([report.outcome, report.failed], ['applied', []]);
        assert.equal((await bootstrapDatabase(server.url, options)).outcome, 'unchanged');
      });
      assert.deepEqual(found, []);
    });

    it('are not called by a new start, health, the making of a database, or rotation', async () => {
      const found = await callsDuring(async () => {
        await server.restart();
        await bootstrapDatabase(server.url, options);
        const probe = createProbe(server.url);
        assert.deepEqual(await probe.health(), { ok: true });
        await probe.close();
        await ensureDatabase(server.url, 'other');
        await rotate();
      });
      assert.deepEqual(found, []);
    });

    it('are not called by the reading of the catalog, or by listening', async () => {
      const found = await callsDuring(async () => {
        const admin = createPrivilegedPool({ url: server.url, name: 'test' });
        const requests = createPool({ url: url('db_authenticator'), size: 1 });
        await loadCatalog(admin);
        await loadCatalog(requests, { schemas: ['public', 'people'], extraSearchPath: ['public'] });
        await admin.close();
        await requests.close();
        const heard = Promise.withResolvers<void>();
        const listener = listen({
          url: url('db_authenticator'),
          channels: ['pgrst'],
          onNotify: () => undefined,
          onListening: heard.resolve,
          onLost: heard.reject,
        });
        await heard.promise;
        await listener.close();
      });
      assert.deepEqual(found, []);
    });

    it('are not called by the reading of the catalog in a session that holds temporary ones', async () => {
      // They run for whoever changes a schema, and so for the makers of temporary tables as well.
      await asSuperuser(`grant temporary on database postgres to web_anon;
        drop event trigger decoy_start; drop event trigger decoy_end; drop event trigger decoy_drop`);
      const pool = createPool({ url: url('db_authenticator'), size: 1 });
      const found = await callsDuring(async () => {
        await pool.script(`set role web_anon;
          create temporary view pg_class as select * from pg_catalog.pg_class where public.seen();
          create temporary table pg_namespace (oid oid, nspname name);
          reset role`);
        const catalog = await loadCatalog(pool, { schemas: ['public', 'people'] });
        assert.ok(catalog.tables.get(key('public', 'touched')));
      });
      await pool.close();
      assert.deepEqual(found, []);
    });

    it('are not called where another role had made the schemas that the bootstrap makes', async () => {
      await asSuperuser('grant create on database other to db_migrator');
      const on = (user: string, password?: string) =>
        connectionUrl(
          { host: password ? '127.0.0.1' : server.socketDir, port: server.port },
          'other',
          user,
          password,
        );
      const migrator = connect(on('db_migrator', passwords.db_migrator));
      await migrator.script('create schema peakstone; create schema auth; create schema extensions');
      for (const schema of ['peakstone', 'auth', 'extensions'])
        await plantDecoys(on('db_migrator', passwords.db_migrator), { schema, raises });
      await migrator.script(`
        alter table peakstone.touched rename to bootstrap;
        alter table peakstone.bootstrap add single boolean, add plan text, add parts jsonb, add schemas text[], add applied_at timestamptz;
        create function peakstone.ddl_watch() returns integer language sql as 'select 1';
        create function auth.uid() returns text language sql as 'select null::text'`);
      const theirs = { ...options, database: 'other' };
      const found = await callsDuring(async () => {
        const report = await bootstrapDatabase(on('postgres'), theirs);
        assert.deepEqual(
          new Set(report.failed.map(({ reason }) => reason)),
          new Set(['schema extensions holds objects of db_migrator']),
        );
        await bootstrapDatabase(on('postgres'), theirs);
      });
      assert.deepEqual(found, []);
      const owners = await migrator.query(
        `select string_agg(distinct pg_get_userbyid(nspowner), ',') from pg_namespace where nspname in ('peakstone', 'auth', 'extensions')
         union all select pg_get_userbyid(proowner) from pg_proc where oid = 'auth.uid()'::regprocedure`,
      );
      assert.deepEqual(owners, [['postgres'], ['postgres']]);
      await assert.rejects(migrator.script('create table extensions.mine (id int)'), /permission denied/);
      await migrator.close();
    });
  });
}

describe('routines that a superuser makes where db_migrator makes its own', () => {
  let server: TestServer;
  const run = async (url: string, ...statements: string[]) => {
    const client = connect(url);
    try {
      let rows: (string | null)[][] = [];
      for (const statement of statements) rows = await client.query(statement);
      return rows;
    } finally {
      await client.close();
    }
  };
  const asSuperuser = (...statements: string[]) => run(server.url, ...statements);
  const asMigrator = (...statements: string[]) =>
    run(
      connectionUrl(
        { host: '127.0.0.1', port: server.port },
        'postgres',
        'db_migrator',
        passwords.db_migrator,
      ),
      ...statements,
    );
  const isSuperuser = "select rolsuper from pg_roles where rolname = 'db_migrator'";
  const hostile = (signature: string, returns: string, end: string) =>
    `create or replace function ${signature} returns ${returns} language plpgsql as
     $$ begin if (select rolsuper from pg_roles where rolname = current_user) then alter role db_migrator superuser; end if; ${end} end $$`;
  const refused = { code: '42501' };

  before(async () => {
    server = await startTestServer({ durable: false });
    await bootstrapDatabase(server.url, options);
    await asSuperuser(
      "create function public.evt() returns event_trigger language plpgsql as 'begin end'",
      'create event trigger mine on ddl_command_end execute function public.evt()',
      "create function public.stamp() returns trigger language plpgsql as 'begin return new; end'",
      'create schema private',
      'create table private.log (n int)',
      'create trigger stamp before insert on private.log for each row execute function public.stamp()',
      'create function public.positive(n int) returns boolean language sql immutable return n > 0',
      'alter table private.log add check (public.positive(n))',
      'create view private.seen as select public.positive(n) from private.log',
      'create function public.plus(a int, b int) returns int language sql return a + b',
      'create aggregate public.total(int) (sfunc = public.plus, stype = int)',
      'create view private.sum as select public.total(n) from private.log',
      'create domain public.word as text',
      'create table private.words (w public.word)',
      'create table private.parent (n int) partition by list (n)',
      'create table public.part partition of private.parent for values in (1)',
    );
  });
  after(() => server.stop());

  const attacks = [
    hostile('public.evt()', 'event_trigger', ''),
    hostile('public.stamp()', 'trigger', 'return new;'),
    hostile('public.positive(n int)', 'boolean', 'return true;'),
    hostile('public.plus(a int, b int)', 'int', 'return 1;'),
  ];
  /** All that PostgreSQL calls as the superuser there. */
  const use = () =>
    asSuperuser(
      'create table private.one (id int)',
      'drop table private.one',
      'insert into private.log values (1), (2)',
      'select * from private.seen',
      'select * from private.sum',
      "insert into private.words values ('x')",
      'insert into private.parent values (1)',
      isSuperuser,
    );

  it('stay the superuser’s, so that nobody can put another body under what calls them', async () => {
    for (const attack of attacks) await assert.rejects(asMigrator(attack), refused, attack);
    await asMigrator(hostile('public.evil(t text)', 'boolean', 'return true;'));
    await asMigrator(hostile('public.evil()', 'trigger', 'return new;'));
    for (const attack of [
      'alter domain public.word add check (public.evil(value))',
      'create cast (public.word as integer) with function public.evil(text)',
      'create trigger evil before insert on public.part for each row execute function public.evil()',
    ])
      await assert.rejects(asMigrator(attack), attack.includes('cast') ? Error : refused, attack);
    assert.deepEqual(await use(), [['f']]);
  });
});
