import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { Project, until } from './cli.ts';

describe('a service that runs alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-alone-'));
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What it says of itself on standard error, until it is stopped. */
  const introduction = async (argv: readonly string[], env: Record<string, string>): Promise<string> => {
    const child = new Project(env, folder).start(...argv);
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = once(child, 'exit');
    try {
      await until(() => / at http:|error/.test(said) || child.exitCode !== null);
      return said;
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  };

  it('GraphQL: says what it serves, where and how that is secured, and keeps to this machine without a secret', async () => {
    const env = {
      HASURA_GRAPHQL_DATABASE_URL: database.superuserUrl,
      HASURA_GRAPHQL_SERVER_PORT: '0',
    };
    assert.match(
      await introduction(['graphql'], env),
      /^GraphQL of the database \w+, by Hasura’s metadata, at http:\/\/127\.0\.0\.1:\d+\/v1\/graphql, for this machine alone: without HASURA_GRAPHQL_ADMIN_SECRET, whoever asks may read and change everything\.\n$/,
    );
    assert.match(
      await introduction(['graphql', '--server-host', '0.0.0.0'], env),
      /^! GraphQL of .*, on every network of this machine, where whoever reaches it may read and change everything\. Set HASURA_GRAPHQL_ADMIN_SECRET, or keep it to this machine: HASURA_GRAPHQL_SERVER_HOST=127\.0\.0\.1\n$/,
    );
    const secured = {
      ...env,
      HASURA_GRAPHQL_ADMIN_SECRET: 'not to be said',
      PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
    };
    const said = await introduction(['graphql'], secured);
    assert.match(
      said,
      /by its roles and policies, at http:\/\/localhost:\d+\/v1\/graphql, on every network .*, secured by HASURA_GRAPHQL_ADMIN_SECRET\.\n$/,
    );
    assert.doesNotMatch(said, /not to be said/);
  });

  it('images: the same, where URLs are signed and where they are not', async () => {
    const env = { IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder, IMGPROXY_PORT: '0', IMGPROXY_LOG_FORMAT: 'json' };
    assert.match(
      await introduction(['images'], env),
      /Pictures by imgproxy’s URLs at http:\/\/127\.0\.0\.1:\d+, for this machine alone: without IMGPROXY_KEY and IMGPROXY_SALT, whoever asks may have it fetch/,
    );
    assert.match(
      await introduction(['images'], { ...env, IMGPROXY_BIND: ':0' }),
      /"warn".*! Pictures .* on every network .* Set IMGPROXY_KEY and IMGPROXY_SALT, or keep it to this machine: IMGPROXY_BIND=127\.0\.0\.1:8080/,
    );
    assert.match(
      await introduction(['images'], { ...env, IMGPROXY_KEY: 'aabb', IMGPROXY_SALT: 'ccdd' }),
      /Pictures .* on every network of this machine, secured by IMGPROXY_KEY and IMGPROXY_SALT\./,
    );
  });

  it('object storage: the same, where MinIO’s own password is left as everybody knows it', async () => {
    const serve = (address: string, env: Record<string, string> = {}) =>
      introduction(['storage', 'server', '--address', address, join(folder, 'objects')], env);
    assert.match(
      await serve('127.0.0.1:0'),
      /^S3 of the folder .*objects at http:\/\/127\.0\.0\.1:\d+, for this machine alone: without MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, whoever asks may read and change everything as minioadmin/,
    );
    assert.match(
      await serve(':0'),
      /^! S3 of .* Set MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, or keep it to this machine: --address 127\.0\.0\.1:9000\n$/,
    );
    assert.match(
      await serve(':0', { MINIO_ROOT_USER: 'admin', MINIO_ROOT_PASSWORD: 'a password' }),
      /on every network of this machine, secured by MINIO_ROOT_USER and MINIO_ROOT_PASSWORD\.\n$/,
    );
  });

  it('the gateway: what it is in front of', async () => {
    const env = { GATEWAY_PORT: '0' };
    assert.match(
      await introduction(['gateway'], env),
      /The gateway, in front of nothing yet \(PEAKSTONE_UPSTREAM_REST=http:\/\/… names a service\), at http:\/\/127\.0\.0\.1:\d+, for this machine alone\./,
    );
    assert.match(
      await introduction(['gateway'], { ...env, PEAKSTONE_UPSTREAM_REST: 'http://127.0.0.1:1' }),
      /in front of rest, at /,
    );
  });
});
