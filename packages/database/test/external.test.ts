import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { PgError } from '@peakstone/kernel/pg';
import { startTestServer, testDatabase } from '@peakstone/testing';
import {
  bootstrapDatabase,
  connectionUrl,
  databaseService,
  renderReport,
  runBootstrapJob,
} from '../src/index.ts';
import { passwords, run } from './bootstrapped.ts';

const bootstrapOptions = {
  database: 'postgres',
  schemas: ['public'],
  passwords,
  supabase: 'roles',
  roleSettings: {},
} as const;
const denied = (error: Error) => error instanceof PgError && error.code === '42501';

describe('a server of somebody else', () => {
  it('that never answers is let go of when the start is broken off', async () => {
    const accepted = Promise.withResolvers<Socket>();
    const silent = createServer(socket => accepted.resolve(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const stop = new AbortController();
    const reason = new Error('broken off');
    const starting = databaseService.start(
      databaseService.config({
        DATABASE_ENGINE: `postgres://admin:pw@127.0.0.1:${port}/app`,
        DB_AUTHENTICATOR_PASSWORD: passwords.db_authenticator,
        HASURA_DB_PASSWORD: passwords.hasura,
        DB_MIGRATOR_PASSWORD: passwords.db_migrator,
      }),
      { onEvent: () => undefined },
      stop.signal,
    );
    const socket = await accepted.promise;
    const closed = once(socket.resume(), 'close');
    stop.abort(reason);
    await assert.rejects(starting, reason);
    await closed;
    silent.close();
  });

  it('is bootstrapped by a login that may only create roles, as far as it may, with a report of the rest', async () => {
    const other = await startTestServer({ durable: false });
    try {
      await run(
        other.url,
        "create role admin login createrole password 'pw-admin'",
        'create database app owner admin',
      );
      const url = connectionUrl({ host: '127.0.0.1', port: other.port }, 'app', 'admin', 'pw-admin');
      const env = {
        DATABASE_ENGINE: url,
        DATABASE_SCHEMAS: 'public,people',
        DB_AUTHENTICATOR_PASSWORD: passwords.db_authenticator,
        HASURA_DB_PASSWORD: passwords.hasura,
        DB_MIGRATOR_PASSWORD: passwords.db_migrator,
      };
      const report = await runBootstrapJob(env);
      // Only a superuser gives BYPASSRLS or makes untrusted extensions; the rest must have worked.
      assert.deepEqual(
        report.failed.map(({ step }) => step).filter(step => !step.startsWith('extension ')),
        [
          'service_role passing row security',
          'console_viewer passing row security',
          'console_editor passing row security',
          'console_viewer as member of pg_read_all_data',
          'console_viewer as member of pg_monitor',
          'console_editor as member of pg_read_all_data',
          'console_editor as member of pg_monitor',
          'console_editor as member of pg_write_all_data',
        ],
      );
      assert.match(renderReport(report).join('\n'), /Not possible: service_role passing row security/);
      const login = connectionUrl(
        { host: '127.0.0.1', port: other.port },
        'app',
        'db_authenticator',
        passwords.db_authenticator,
      );
      const migrator = connectionUrl(
        { host: '127.0.0.1', port: other.port },
        'app',
        'db_migrator',
        passwords.db_migrator,
      );
      await run(migrator, 'create table people.person (id int)');
      assert.deepEqual(await run(login, 'set role web_anon', 'select auth.uid() from people.person'), []);
      await assert.rejects(run(login, 'set role web_anon', 'insert into people.person values (1)'), denied);
    } finally {
      await other.stop();
    }
  });

  it('that is not there, or refuses the login, is named as that', async () => {
    const away = bootstrapDatabase('postgres://u:p@127.0.0.1:1/app', bootstrapOptions);
    await assert.rejects(away, { code: 'UNREACHABLE' });
    const database = await testDatabase();
    const wrong = new URL(database.url);
    wrong.password = 'wrong';
    try {
      await assert.rejects(bootstrapDatabase(wrong.href, bootstrapOptions), {
        code: 'AUTHENTICATION_FAILED',
      });
    } finally {
      await database.drop();
    }
  });
});
