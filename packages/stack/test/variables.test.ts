import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readRoleSettings } from '@peakstone/database';
import { parseEnvFile } from '@peakstone/kernel/config';
import { completeEnvironment } from '../src/deploy/index.ts';
import { renderEnvExample } from '../src/render/env.ts';
import { variables } from '../src/variables.ts';

/** What the stack that this one stands in for reads from its `.env`. */
const original = `
  POSTGRES_DB POSTGRES_SUPERUSER POSTGRES_SUPERPASS POSTGRES_PORT TZ POSTGRES_IMAGE
  DB_AUTHENTICATOR_PASSWORD HASURA_DB_PASSWORD DB_MIGRATOR_PASSWORD
  JWT_SECRET HASURA_ADMIN_SECRET HASURA_CORS HASURA_GRAPHQL_DATABASE_URL HASURA_GRAPHQL_METADATA_DATABASE_URL
  PGADMIN_EMAIL PGADMIN_PASSWORD PGCAT_IMAGE PGCAT_ADMIN_USER PGCAT_ADMIN_PASSWORD
  MINIO_ROOT_USER MINIO_ROOT_PASS MINIO_BUCKET MINIO_ALIAS AWS_REGION S3_APP_ACCESS_KEY S3_APP_SECRET_KEY
  MINIO_IMAGE MINIO_MC_IMAGE IMGPROXY_KEY_HEX IMGPROXY_SALT_HEX IMGPROXY_BASE_URL IMGPROXY_ALLOWED_SOURCES
  DOMAIN_API DOMAIN_GQL DOMAIN_FILES DOMAIN_MINIO_CONSOLE DOMAIN_IMG DOMAIN_PGADMIN DOMAIN_GRAFANA
  GRAFANA_ADMIN_USER GRAFANA_ADMIN_PASSWORD LOKI_ACCESS_KEY LOKI_SECRET_KEY ENVIRONMENT PROXY_NETWORK ATLAS_URL`
  .trim()
  .split(/\s+/);

describe('every variable of the original', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-variables-'));
  after(() => rmSync(folder, { recursive: true }));
  const added = completeEnvironment(folder);
  const made = readFileSync(join(folder, '.env'), 'utf8');
  const values = parseEnvFile(made);

  it('is in .env.example and in the file that is made, once', () => {
    for (const text of [renderEnvExample(), made]) {
      const names = [...text.matchAll(/^(?:# )?([A-Z][A-Z0-9_]*)=/gm)].map(match => match[1] ?? '');
      assert.equal(new Set(names).size, names.length);
      assert.deepEqual(
        original.filter(name => !names.includes(name)),
        [],
      );
    }
  });

  it('is set in the file that is made, unless the services have a default', () => {
    assert.deepEqual(
      original.filter(name => !added.includes(name)),
      [
        'POSTGRES_PORT',
        'POSTGRES_IMAGE',
        'HASURA_GRAPHQL_DATABASE_URL',
        'HASURA_GRAPHQL_METADATA_DATABASE_URL',
        'PGCAT_IMAGE',
        'MINIO_IMAGE',
        'MINIO_MC_IMAGE',
        'ATLAS_URL',
      ],
    );
  });

  it('has a secret of its own and strong enough, where it is one', () => {
    const secrets = variables.filter(({ generate }) => generate).map(({ name }) => values[name] ?? '');
    assert.ok(secrets.every(secret => secret.length >= 20));
    assert.equal(new Set(secrets).size, secrets.length);
    for (const name of ['JWT_SECRET', 'HASURA_ADMIN_SECRET', 'IMGPROXY_KEY_HEX'])
      assert.match(values[name] ?? '', /^[0-9a-f]{64}$/, name);
    assert.match(values.IMGPROXY_SALT_HEX ?? '', /^[0-9a-f]{32}$/);
    for (const name of [
      'POSTGRES_SUPERPASS',
      'DB_AUTHENTICATOR_PASSWORD',
      'MINIO_ROOT_PASS',
      'LOKI_SECRET_KEY',
    ])
      assert.match(values[name] ?? '', /^[A-Za-z0-9_-]{24,32}$/, name);
  });

  it('has the default that its comment shows, where that is the bootstrap’s own', () => {
    for (const name of ['DATABASE_STATEMENT_TIMEOUT', 'DATABASE_TEMP_FILE_LIMIT']) {
      const value = variables.find(variable => variable.name === name)?.value;
      assert.ok(value, name);
      assert.deepEqual(readRoleSettings({ [name]: value }), readRoleSettings({}));
    }
  });

  it('is for this machine in the file that is made, and for a server in .env.example', () => {
    assert.match(made, /^HASURA_CORS='?\*'?$/m);
    assert.match(made, /^# Without it: 5432, or the next free port\.\n# POSTGRES_PORT=5432$/m);
    const example = renderEnvExample();
    assert.match(example, /^HASURA_CORS=https:\/\/app\.example\.com$/m);
    assert.match(example, /^POSTGRES_PORT=127\.0\.0\.1:5432$/m);
  });
});
