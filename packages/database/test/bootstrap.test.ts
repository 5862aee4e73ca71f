import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { listen, PgError } from '@peakstone/kernel/pg';
import { connect, startTestServer, type TestServer, until } from '@peakstone/testing';
import { type BootstrapOptions, bootstrapDatabase, connectionUrl } from '../src/index.ts';
import { passwords, run } from './bootstrapped.ts';

/** A server of its own, because these tests bend roles, which belong to the whole cluster. */
let server: TestServer;
const bootstrapOptions: BootstrapOptions = {
  database: 'postgres',
  schemas: ['public', 'people'],
  passwords,
  supabase: 'roles',
  roleSettings: {},
  superuser: { name: 'postgres', password: 'pw-super' },
};
const bootstrap = (more: Partial<BootstrapOptions> = {}) =>
  bootstrapDatabase(server.url, { ...bootstrapOptions, ...more });
const tcp = (user: string, password: string, database = 'postgres') =>
  connectionUrl({ host: '127.0.0.1', port: server.port }, database, user, password);

const asSuperuser = (...statements: string[]) => run(server.url, ...statements);
const asMigrator = (...statements: string[]) => run(tcp('db_migrator', passwords.db_migrator), ...statements);
/** As a request: the authenticator takes on the role for one statement. */
const asRequest = (role: string, statement: string, claims = '{}') =>
  run(
    tcp('db_authenticator', passwords.db_authenticator),
    `set role ${role}`,
    `select set_config('request.jwt.claims', '${claims}', false)`,
    statement,
  );
const denied = (error: Error) => error instanceof PgError && error.code === '42501';

before(async () => {
  server = await startTestServer({ durable: false });
  const report = await bootstrap();
  assert.equal(report.outcome, 'applied');
  assert.deepEqual(report.failed, []);
});
after(() => server.stop());

describe('what each role may do', () => {
  before(async () => {
    await asMigrator(
      'create table people.person (id int generated always as identity primary key, name text, owner uuid)',
      "insert into people.person (name, owner) values ('Ada', '00000000-0000-0000-0000-000000000001')",
      'create table people.private (id int)',
      'alter table people.private enable row level security',
      'insert into people.private values (1)',
    );
  });

  for (const role of ['web_anon', 'read_only', 'anon']) {
    it(`${role} reads what db_migrator makes, and changes nothing`, async () => {
      const on = (sql: string) =>
        role === 'read_only' ? asSuperuser('set role read_only', sql) : asRequest(role, sql);
      assert.deepEqual(await on('select name from people.person'), [['Ada']]);
      assert.deepEqual(await on('select * from people.private'), []);
      await assert.rejects(on("insert into people.person (name) values ('Eve')"), denied);
      await assert.rejects(on("update people.person set name = 'Eve'"), denied);
      await assert.rejects(on('delete from people.person'), denied);
      await assert.rejects(on('truncate people.person'), denied);
      await assert.rejects(on('create table people.mine (id int)'), denied);
      await assert.rejects(on('create table public.mine (id int)'), denied);
    });
  }

  for (const role of ['app_user', 'authenticated', 'service_role', 'hasura']) {
    it(`${role} changes rows, and no structure`, async () => {
      const on = (sql: string) =>
        role === 'hasura' ? run(tcp('hasura', passwords.hasura), sql) : asRequest(role, sql);
      assert.deepEqual(await on("insert into people.person (name) values ('Bob') returning name"), [['Bob']]);
      await on("update people.person set name = 'Bobby' where name = 'Bob'");
      await on("delete from people.person where name = 'Bobby'");
      await assert.rejects(on('truncate people.person'), denied);
      await assert.rejects(on('drop table people.person'), denied);
      await assert.rejects(on('alter table people.private disable row level security'), denied);
      await assert.rejects(on('create table people.mine (id int)'), denied);
      await assert.rejects(on('create schema mine'), denied);
    });
  }

  it('only service_role passes row security', async () => {
    for (const [role, rows] of [
      ['web_anon', []],
      ['app_user', []],
      ['authenticated', []],
      ['service_role', [['1']]],
    ] as const) {
      assert.deepEqual(await asRequest(role, 'select id from people.private'), rows, role);
    }
  });

  it('db_authenticator itself has nothing, and takes on only the roles of requests', async () => {
    const on = (sql: string) => run(tcp('db_authenticator', passwords.db_authenticator), sql);
    await assert.rejects(on('select * from people.person'), denied);
    for (const role of ['postgres', 'db_migrator', 'hasura', 'read_only'])
      await assert.rejects(on(`set role ${role}`), denied, role);
    await assert.rejects(on('create role mine'), denied);
  });

  it('db_migrator changes structure in its schemas and database, and is no administrator', async () => {
    await asMigrator(
      'create schema atlas_schema_revisions',
      'create view people.names as select name from people.person',
    );
    assert.deepEqual(await asRequest('web_anon', 'select name from people.names'), [['Ada']]);
    for (const sql of [
      'create role mine',
      'create database mine',
      'alter system set port = 1',
      'set role postgres',
      'drop function auth.uid()',
      'alter role web_anon login',
    ]) {
      await assert.rejects(asMigrator(sql), denied, sql);
    }
    await assert.rejects(asMigrator("copy people.person from program 'id'"), denied);
    await assert.rejects(asMigrator("select pg_read_file('/etc/passwd')"), denied);
  });

  it('no role but the superuser sees verifiers, the state of the bootstrap, or who runs which query', async () => {
    for (const role of ['web_anon', 'app_user', 'service_role']) {
      await assert.rejects(asRequest(role, 'select * from pg_authid'), denied);
      await assert.rejects(asRequest(role, 'select * from peakstone.bootstrap'), denied);
      for (const statements of [
        'pg_stat_statements',
        'pg_stat_statements(true)',
        'pg_stat_statements_info()',
      ])
        await assert.rejects(asRequest(role, `select * from ${statements}`), denied);
    }
  });

  it('roles without LOGIN cannot log in, and no login does without its password', async () => {
    await assert.rejects(
      run(tcp('web_anon', 'x'), 'select 1'),
      /password authentication failed|not permitted/,
    );
    await assert.rejects(run(tcp('hasura', 'wrong'), 'select 1'), /password authentication failed/);
    await assert.rejects(run(tcp('postgres', 'wrong'), 'select 1'), /password authentication failed/);
    assert.deepEqual(await run(tcp('postgres', 'pw-super'), 'select 1'), [['1']]);
    const socket = connectionUrl(
      { host: server.socketDir, port: server.port },
      'postgres',
      'hasura',
      'wrong',
    );
    await assert.rejects(run(socket, 'select 1'), /password authentication failed/);
  });
});

describe('who asks', () => {
  const id = '00000000-0000-0000-0000-000000000001';
  const ask = (setting: string, value: string) =>
    run(
      tcp('db_authenticator', passwords.db_authenticator),
      'set role web_anon',
      `select set_config('${setting}', '${value}', false)`,
      "select auth.uid()::text, auth.role(), auth.email(), auth.jwt() ->> 'x'",
    );

  it("is REST's token", async () => {
    assert.deepEqual(
      await ask('request.jwt.claims', `{"sub":"${id}","role":"web_anon","email":"a@b.c","x":1}`),
      [[id, 'web_anon', 'a@b.c', '1']],
    );
  });

  it("is an older PostgREST's claim", async () => {
    assert.deepEqual((await ask('request.jwt.claim.sub', id))[0]?.[0], id);
  });

  it("is GraphQL's session", async () => {
    assert.deepEqual(
      await ask('hasura.user', `{"x-hasura-user-id":"${id}","x-hasura-role":"user","x":"2"}`),
      [[id, 'user', null, '2']],
    );
  });

  it('is nobody without a token, with an empty one, or with a subject that is no UUID', async () => {
    assert.deepEqual(await ask('a.b', ''), [[null, null, null, null]]);
    assert.deepEqual(await ask('request.jwt.claims', ''), [[null, null, null, null]]);
    assert.deepEqual(await ask('request.jwt.claims', '{"sub":"service:mailer"}'), [[null, null, null, null]]);
  });

  it('can be used in policies, and is inlined there', async () => {
    await asMigrator(
      'create table people.note (owner uuid)',
      'alter table people.note enable row level security',
      'create policy own on people.note using (owner = auth.uid())',
      `insert into people.note values ('${id}')`,
    );
    assert.deepEqual(await asRequest('web_anon', 'select count(*) from people.note', `{"sub":"${id}"}`), [
      ['1'],
    ]);
    assert.deepEqual(await asRequest('web_anon', 'select count(*) from people.note'), [['0']]);
    const plan = (await asRequest('web_anon', 'explain (costs off) select from people.note'))
      .flat()
      .join('\n');
    assert.doesNotMatch(plan, /auth\.uid/);
  });
});

describe('the schemas, where nobody names them', () => {
  const inDatabase = async (name: string, ...statements: string[]) => {
    const url = connectionUrl({ host: server.socketDir, port: server.port }, name, 'postgres');
    await asSuperuser(`create database ${name}`);
    if (statements.length > 0) await run(url, ...statements);
    return (schemas?: readonly string[]) =>
      bootstrapDatabase(url, { ...bootstrapOptions, database: name, schemas });
  };

  it('are public alone in a new database, and those of before in one that has had others', async () => {
    const fresh = await inDatabase('fresh');
    assert.deepEqual((await fresh()).schemas, ['public']);
    const older = await inDatabase('older');
    assert.deepEqual((await older(['public', 'common', 'shop'])).schemas, ['public', 'common', 'shop']);
    const again = await older();
    assert.deepEqual([again.schemas, again.outcome], [['public', 'common', 'shop'], 'unchanged']);
    assert.deepEqual((await older(['shop'])).schemas, ['shop']);
  });

  it("are the original stack's that are there, where it made the database", async () => {
    const adopted = await inDatabase('adopted', 'create schema common', 'create schema leads');
    assert.deepEqual((await adopted()).schemas, ['public', 'common', 'leads']);
  });
});

describe('running it again', () => {
  it('changes nothing when nothing has changed', async () => {
    await bootstrap();
    const xmin = "select string_agg(xmin::text, ',' order by oid) from pg_authid";
    const before = await asSuperuser(xmin);
    const report = await bootstrap();
    assert.deepEqual([report.outcome, report.repaired, report.passwordsSet], ['unchanged', [], []]);
    assert.deepEqual(await asSuperuser(xmin), before);
  });

  it('repairs attributes, memberships, ownership, grants, defaults, functions and triggers', async () => {
    await asSuperuser(
      'alter role web_anon superuser login',
      'revoke app_user from db_authenticator',
      'alter schema people owner to postgres',
      'revoke usage on schema people from web_anon',
      'alter default privileges for role db_migrator in schema people revoke select on tables from web_anon',
      "create or replace function auth.uid() returns uuid language sql stable return '00000000-0000-0000-0000-00000000dead'::uuid",
      'drop event trigger peakstone_drop_watch',
    );
    const { repaired } = await bootstrap();
    assert.deepEqual([...repaired].sort(), [
      'defaults',
      'functions',
      'memberships',
      'roles',
      'schemas',
      'triggers',
    ]);
    await asMigrator('create table people.later (id int)');
    assert.deepEqual(
      await asRequest(
        'web_anon',
        "select count(*), auth.uid(), current_setting('is_superuser') from people.later",
      ),
      [['0', null, 'off']],
    );
    assert.deepEqual(await asRequest('app_user', 'select 1'), [['1']]);
    assert.equal((await bootstrap()).outcome, 'unchanged');
  });

  it('takes off what leads from its roles to the server’s files and programs, and leaves others theirs', async () => {
    await asSuperuser(
      'create role detour',
      'create role loader',
      'grant pg_execute_server_program, hasura to detour',
      'grant detour to db_migrator',
      'grant pg_read_server_files to loader',
    );
    const { repaired, failed } = await bootstrap();
    assert.deepEqual({ repaired, failed }, { repaired: ['memberships'], failed: [] });
    assert.deepEqual(
      await asSuperuser(`select pg_has_role('db_migrator', 'pg_execute_server_program', 'member'),
        pg_has_role('detour', 'hasura', 'member'), pg_has_role('loader', 'pg_read_server_files', 'member')`),
      [['f', 'f', 't']],
    );
    await asSuperuser('drop role detour, loader');
    await bootstrap();
    assert.equal((await bootstrap()).outcome, 'unchanged');
  });

  it('accuses nobody where another version of it had looked at other things', async () => {
    await asSuperuser(`update peakstone.bootstrap set parts = '{"roles": "as it was seen then"}'`);
    const report = await bootstrap();
    assert.deepEqual([report.outcome, report.repaired], ['applied', []]);
    assert.equal((await bootstrap()).outcome, 'unchanged');
  });

  it('repairs passwords without touching anything else', async () => {
    await asSuperuser("alter role hasura password 'changed'", 'alter role db_migrator password null');
    const report = await bootstrap();
    assert.deepEqual([report.outcome, report.passwordsSet], ['unchanged', ['hasura', 'db_migrator']]);
    assert.deepEqual(await run(tcp('hasura', passwords.hasura), 'select 1'), [['1']]);
  });

  it('never gives back what was revoked on a table, unless told to', async () => {
    await asMigrator(
      'create table people.hidden (id int)',
      'revoke all on people.hidden from web_anon, app_user',
    );
    await asSuperuser('alter role hasura nologin');
    await bootstrap();
    await assert.rejects(asRequest('web_anon', 'select * from people.hidden'), denied);
    await bootstrap({ regrant: true });
    assert.deepEqual(await asRequest('web_anon', 'select * from people.hidden'), []);
  });

  it('grants on the tables of a schema that is new to it, once', async () => {
    await asSuperuser('create schema old', 'create table old.thing (id int)');
    const schemas = ['public', 'people', 'old'];
    await bootstrap({ schemas });
    assert.deepEqual(await asRequest('web_anon', 'select * from old.thing'), []);
    await asSuperuser('revoke select on old.thing from web_anon');
    await bootstrap({ schemas });
    await assert.rejects(asRequest('web_anon', 'select * from old.thing'), denied);
  });

  it('by several at once, in several databases, makes them all right', async () => {
    const names = ['one', 'two', 'three'];
    for (const name of names) await asSuperuser(`create database ${name}`);
    await asSuperuser('drop owned by service_role cascade');
    const url = (name: string) =>
      connectionUrl({ host: server.socketDir, port: server.port }, name, 'postgres');
    const reports = await Promise.all(
      [...names, ...names].map(name => bootstrapDatabase(url(name), { ...bootstrapOptions, database: name })),
    );
    assert.deepEqual(
      reports.flatMap(report => report.failed),
      [],
    );
    for (const name of names) {
      assert.deepEqual(
        await run(
          tcp('db_authenticator', passwords.db_authenticator, name),
          'set role web_anon',
          'select auth.role()',
        ),
        [[null]],
      );
    }
  });
});

describe('changes of the schema', () => {
  it('are told to API servers once a transaction, and temporary objects are not', async () => {
    const heard: string[] = [];
    const ready = Promise.withResolvers<void>();
    const listener = listen({
      url: server.url,
      channels: ['pgrst', 'mark'],
      onNotify: (channel, payload) => heard.push(channel === 'mark' ? payload : `${channel}: ${payload}`),
      onListening: () => ready.resolve(),
      onLost: error => ready.reject(error),
    });
    await ready.promise;
    const mark = (name: string) => asSuperuser(`select pg_notify('mark', '${name}')`);
    const client = connect(tcp('db_migrator', passwords.db_migrator));
    try {
      await client.script('begin; create table people.t1 (id int); create table people.t2 (id int); commit');
      await mark('create');
      await client.script('create temporary table tt (id int); drop table tt');
      await mark('temporary');
      await client.script('create index on people.t1 (id); insert into people.t1 values (1)');
      await mark('index');
      await client.script('alter table people.t1 drop column id');
      await mark('drop column');
      await client.script('drop table people.t1, people.t2');
      await mark('drop');
      await until(() => heard.at(-1) === 'drop');
    } finally {
      await client.close();
      await listener.close();
    }
    const reload = 'pgrst: reload schema';
    assert.deepEqual(heard, [reload, 'create', 'temporary', 'index', reload, 'drop column', reload, 'drop']);
  });
});
