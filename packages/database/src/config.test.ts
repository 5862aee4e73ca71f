import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readDatabaseConfig } from './config.ts';

const env = {
  POSTGRES_SUPERPASS: 'super-secret',
  DB_AUTHENTICATOR_PASSWORD: 'a-secret',
  HASURA_DB_PASSWORD: 'h-secret',
  DB_MIGRATOR_PASSWORD: 'm-secret',
};

describe('settings of the database', () => {
  it('need nothing but the generated passwords', () => {
    const config = readDatabaseConfig(env);
    assert.deepEqual(config.engine, { kind: 'local', binaries: 'auto' });
    assert.equal(config.database, 'postgres');
    assert.equal(config.listenAddresses, '127.0.0.1');
    assert.deepEqual(config.port, { port: 5432, fixed: false });
    assert.equal(config.schemas, undefined);
    assert.equal(config.supabase, 'roles');
  });

  it('take a port that is set as meant exactly, also as Compose writes it', () => {
    assert.deepEqual(readDatabaseConfig({ ...env, POSTGRES_PORT: '6000' }).port, { port: 6000, fixed: true });
    assert.deepEqual(readDatabaseConfig({ ...env, POSTGRES_PORT: '127.0.0.1:6000' }).port, {
      port: 6000,
      fixed: true,
    });
    assert.throws(
      () => readDatabaseConfig({ ...env, POSTGRES_PORT: '70000' }),
      /POSTGRES_PORT must be a port/,
    );
  });

  it('name the database of an external server by its URL, and need no superuser password for it', () => {
    const { POSTGRES_SUPERPASS: _, ...rest } = env;
    const config = readDatabaseConfig({ ...rest, DATABASE_ENGINE: 'postgres://u:p@db.example:5432/crm' });
    assert.equal(config.database, 'crm');
    assert.equal(config.engine.kind, 'external');
  });

  it('never repeat a mistyped URL or a password', () => {
    assert.throws(
      () => readDatabaseConfig({ ...env, DATABASE_ENGINE: 'postgers://u:hunter2@h/db' }),
      (error: Error) => error.message.includes('DATABASE_ENGINE') && !error.message.includes('hunter2'),
    );
  });

  it('say which password is missing', () => {
    assert.throws(() => readDatabaseConfig({ ...env, HASURA_DB_PASSWORD: '' }), /HASURA_DB_PASSWORD/);
  });

  it('are refused by name where they could not be meant, before anything runs', () => {
    const refused: readonly [Record<string, string>, RegExp][] = [
      [{ DATABASE_NETWORKS: '300.1.2.3/8' }, /^DATABASE_NETWORKS must be networks .* not "300.1.2.3\/8"/],
      [{ DATABASE_NETWORKS: '10.0.0.0/33' }, /^DATABASE_NETWORKS /],
      [{ DATABASE_NETWORKS: '10.0.0.0' }, /^DATABASE_NETWORKS /],
      [{ DATABASE_LISTEN: '127.0.0.1:5432' }, /^DATABASE_LISTEN must be addresses .* without a port/],
      [{ DATABASE_LISTEN: '127.0.0.300' }, /^DATABASE_LISTEN /],
      [{ DATABASE_LISTEN: 'localhost,' }, /^DATABASE_LISTEN /],
      [{ TZ: 'Europe/Brelin' }, /^TZ must be a time zone .* Did you mean Europe\/Berlin\?/],
      [{ TZ: '+-' }, /^TZ /],
      [
        { DATABASE_ROLE_SETTINGS: 'app_usr.work_mem=16MB' },
        /^DATABASE_ROLE_SETTINGS must be of the stack's roles .* not "app_usr"\. Did you mean app_user\?/,
      ],
      [
        { DATABASE_ROLE_SETTINGS: 'app_user.work_mem' },
        /^DATABASE_ROLE_SETTINGS must be role\.setting=value/,
      ],
    ];
    for (const [wrong, message] of refused)
      assert.throws(() => readDatabaseConfig({ ...env, ...wrong }), { name: 'ConfigError', message });
    for (const right of [
      { DATABASE_NETWORKS: '10.0.0.0/8, fd00::/8, samenet' },
      { DATABASE_LISTEN: '*' },
      { DATABASE_LISTEN: '127.0.0.1, ::1, db.internal' },
      { TZ: 'europe/berlin' },
      { TZ: 'EST5EDT' },
      { TZ: 'UTC+3' },
      { DATABASE_ROLE_SETTINGS: 'dashboard_user.work_mem=16MB' },
    ])
      readDatabaseConfig({ ...env, ...right });
  });

  it('refuse reserved schemas and networks that are none', () => {
    assert.throws(() => readDatabaseConfig({ ...env, DATABASE_SCHEMAS: 'public,auth' }), /DATABASE_SCHEMAS/);
    assert.throws(
      () => readDatabaseConfig({ ...env, DATABASE_NETWORKS: '0.0.0.0/0 trust' }),
      /DATABASE_NETWORKS/,
    );
  });
});
