import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PgError } from '@peakstone/kernel/pg';
import { readRoleSettings, renderReport } from '../src/index.ts';
import { type Bootstrapped, startBootstrapped } from './bootstrapped.ts';

const stored = `select r.rolname || ' ' || coalesce(d.datname || ' ', '') || array_to_string(s.setconfig, ', ')
  from pg_db_role_setting s join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase order by 1`;
/** With the settings of a role in one order, whatever they were given in. */
const sorted = (rows: (string | null)[][]) =>
  rows.map(([line]) => {
    const [role, ...rest] = (line ?? '').split(' ');
    return [`${role} ${rest.join(' ').split(', ').sort().join(', ')}`];
  });
const refused = (error: Error) => error instanceof PgError && error.code === '42501';

describe('settings of the roles', () => {
  let stack: Bootstrapped;
  before(async () => {
    const roleSettings = readRoleSettings({
      DATABASE_ROLE_SETTINGS: 'read_only.work_mem = 16MB; app_user.statement_timeout=20s',
    });
    stack = await startBootstrapped({ roleSettings });
  });
  after(() => stack.server.stop());

  const asPlanned = [
    ['anon statement_timeout=8s'],
    ['app_user statement_timeout=20s'],
    ['authenticated statement_timeout=8s'],
    ['db_authenticator auto_explain.log_min_duration=-1, log_min_duration_statement=5s, temp_file_limit=1GB'],
    ['db_migrator log_error_verbosity=terse, log_min_error_statement=panic'],
    [
      'hasura auto_explain.log_min_duration=-1, log_error_verbosity=terse, log_min_duration_statement=5s, log_min_error_statement=panic, temp_file_limit=1GB',
    ],
    ['read_only work_mem=16MB'],
    ['web_anon statement_timeout=8s'],
  ];

  it('are the configuration’s', async () => {
    assert.deepEqual(sorted(await stack.asSuperuser(stored)), asPlanned);
    assert.deepEqual((await stack.bootstrap()).outcome, 'unchanged');
  });

  it('that the server does not know, or values that it does not take, are refused by name, with the nearest', async () => {
    const refusal = (setting: string) =>
      stack.bootstrap({ roleSettings: readRoleSettings({ DATABASE_ROLE_SETTINGS: setting }) });
    await assert.rejects(refusal('app_user.work_mam=16MB'), {
      code: 'BAD_SETTING',
      message:
        'A setting of DATABASE_ROLE_SETTINGS is refused: unrecognized configuration parameter "work_mam".',
      hint: 'Did you mean work_mem? Nothing was changed.',
    });
    await assert.rejects(refusal('app_user.work_mem=lots'), {
      code: 'BAD_SETTING',
      message: /DATABASE_ROLE_SETTINGS is refused: invalid value for parameter "work_mem": "lots"/,
    });
    await assert.rejects(refusal('app_user.work_mem=1'), {
      code: 'BAD_SETTING',
      message: /outside the valid range/,
    });
    assert.deepEqual((await stack.bootstrap()).outcome, 'unchanged');
  });

  it('that a role gave itself are found, named and taken off, those for one database as well', async () => {
    await stack.as(
      'db_authenticator',
      // What a function in a request can do: the session's own role is never further than this.
      'set role web_anon',
      "alter role web_anon set statement_timeout = '1h'",
      'set role none',
      'alter role db_authenticator set row_security = off',
      'alter role db_authenticator in database postgres set search_path = mine',
    );
    await stack.as('hasura', 'alter role hasura set default_transaction_read_only = on');
    const report = await stack.bootstrap();
    assert.deepEqual(report.repaired, ['role settings']);
    assert.deepEqual([...report.settingsTakenOff].sort(), [
      'db_authenticator row_security=off',
      'db_authenticator search_path=mine',
      'hasura default_transaction_read_only=on',
      'web_anon statement_timeout=1h',
    ]);
    assert.match(
      renderReport(report).join('\n'),
      /taken off roles: .*web_anon statement_timeout=1h.*DATABASE_ROLE_SETTINGS/,
    );
    assert.deepEqual(sorted(await stack.asSuperuser(stored)), asPlanned);
    assert.equal((await stack.bootstrap()).outcome, 'unchanged');
  });

  it('that only the superuser can have given stay, as PostgREST reads its configuration there', async () => {
    await assert.rejects(
      stack.as('db_authenticator', "alter role db_authenticator set pgrst.jwt_secret = 'mine'"),
      refused,
    );
    await stack.asSuperuser(
      "alter role db_authenticator set pgrst.db_max_rows = '10'",
      'alter role hasura set temp_file_limit = -1',
    );
    const report = await stack.bootstrap();
    assert.deepEqual(report.settingsTakenOff, ['hasura temp_file_limit=-1']);
    assert.match((await stack.asSuperuser(stored)).join('\n'), /pgrst\.db_max_rows=10/);
    await stack.asSuperuser('alter role db_authenticator reset pgrst.db_max_rows');
    await stack.bootstrap();
  });

  it('keep a session that serves requests from filling the disk, and from saying that it may', async () => {
    const limit = 'show temp_file_limit';
    assert.deepEqual(await stack.asRequest('web_anon', limit), [['1GB']]);
    assert.deepEqual(await stack.as('hasura', limit), [['1GB']]);
    assert.deepEqual(await stack.as('db_migrator', limit), [['-1']]);
    await assert.rejects(stack.as('db_authenticator', 'set temp_file_limit = -1'), refused);
    await assert.rejects(
      stack.as('db_authenticator', 'alter role db_authenticator set temp_file_limit = -1'),
      refused,
    );
  });

  it('can be left out', async () => {
    const roleSettings = readRoleSettings({
      DATABASE_STATEMENT_TIMEOUT: '0',
      DATABASE_TEMP_FILE_LIMIT: '-1',
    });
    const report = await stack.bootstrap({ roleSettings });
    assert.equal(report.outcome, 'applied');
    assert.doesNotMatch((await stack.asSuperuser(stored)).join('\n'), /statement_timeout|temp_file_limit/);
    await stack.bootstrap();
    assert.deepEqual(sorted(await stack.asSuperuser(stored)), asPlanned);
  });
});

describe('what visitors and users may leave behind in the database', () => {
  let stack: Bootstrapped;
  before(async () => {
    stack = await startBootstrapped();
  });
  after(() => stack.server.stop());

  const makers = [
    'create temporary table mine (id int)',
    'select lo_create(0)',
    'select lo_creat(-1)',
    "select lo_from_bytea(0, 'x')",
  ];

  it('is nothing: no temporary table and no large object', async () => {
    for (const role of ['web_anon', 'app_user', 'anon', 'authenticated', 'service_role'])
      for (const statement of makers)
        await assert.rejects(stack.asRequest(role, statement), refused, `${role}: ${statement}`);
    for (const statement of makers) await assert.rejects(stack.as('hasura', statement), refused);
    for (const statement of makers) await stack.as('db_migrator', statement);
  });

  it('stays nothing when somebody had given it to everybody', async () => {
    await stack.asSuperuser(
      'grant temporary on database postgres to public',
      'grant execute on function pg_catalog.lo_create(oid) to public',
    );
    const { repaired } = await stack.bootstrap();
    assert.deepEqual([...repaired].sort(), ['database', 'large objects']);
    for (const statement of makers) await assert.rejects(stack.asRequest('app_user', statement), refused);
  });
});

describe('DATABASE_ROLE_SETTINGS', () => {
  it('names what is wrong with it', () => {
    for (const text of [
      'work_mem=1MB',
      'app_user.work_mem',
      'app_user.search_path=x',
      'app_user.role=postgres',
    ])
      assert.throws(() => readRoleSettings({ DATABASE_ROLE_SETTINGS: text }), /DATABASE_ROLE_SETTINGS/, text);
    assert.throws(
      () => readRoleSettings({ DATABASE_STATEMENT_TIMEOUT: 'soon' }),
      /DATABASE_STATEMENT_TIMEOUT/,
    );
    assert.throws(() => readRoleSettings({ DATABASE_TEMP_FILE_LIMIT: '1 G' }), /DATABASE_TEMP_FILE_LIMIT/);
  });
});
