import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkEnvironment, explainDocker } from '../src/deploy/index.ts';
import { resolveStack } from '../src/resolve.ts';
import { freshValues } from './values.ts';

const stack = resolveStack();

describe('the deployment doctor', () => {
  const hosts = Object.fromEntries(
    Object.keys(freshValues())
      .filter(name => name.startsWith('DOMAIN_'))
      .map(name => [name, `${name.slice(7).toLowerCase().replaceAll('_', '-')}.lighthouses.dev`]),
  );

  const deployable = (change: Readonly<Record<string, string | undefined>> = {}) =>
    freshValues({ ...hosts, ...change });

  it('finds nothing in what the secrets command makes, once hosts are given', () => {
    assert.deepEqual(checkEnvironment(stack, deployable()), []);
    const [finding, ...others] = checkEnvironment(stack, freshValues());
    assert.deepEqual(others, []);
    assert.equal(finding?.level, 'warning');
    assert.match(finding.hint, /^give your own in DOMAIN_API, DOMAIN_GQL, /);
  });

  const cases: readonly [
    what: string,
    change: Record<string, string | undefined>,
    name: string,
    message: RegExp,
  ][] = [
    ['a missing secret', { JWT_SECRET: undefined }, 'JWT_SECRET', /no value/],
    ['an example’s secret', { MINIO_ROOT_PASS: 'minioadminsecret' }, 'MINIO_ROOT_PASS', /example/],
    ['a short JWT secret', { JWT_SECRET: 'abcdefgh12345678' }, 'JWT_SECRET', /16 characters; HS256 needs 32/],
    [
      'a secret that repeats itself',
      { HASURA_ADMIN_SECRET: 'ab'.repeat(20) },
      'HASURA_ADMIN_SECRET',
      /repeats itself/,
    ],
    ['a short password', { POSTGRES_SUPERPASS: 'hunter2' }, 'POSTGRES_SUPERPASS', /7 characters/],
    [
      'a password that breaks URLs',
      { HASURA_DB_PASSWORD: 'abc/def@ghi:jkl#mno?pqrstu' },
      'HASURA_DB_PASSWORD',
      /breaks connection URLs/,
    ],
    [
      'an imgproxy key of the wrong length',
      { IMGPROXY_KEY_HEX: 'ab12cd34' },
      'IMGPROXY_KEY_HEX',
      /8 hex digits; 32 bytes are 64/,
    ],
    [
      'an imgproxy salt that is not hex',
      { IMGPROXY_SALT_HEX: 'z'.repeat(32) },
      'IMGPROXY_SALT_HEX',
      /not hex/,
    ],
    ['an open database port', { POSTGRES_PORT: '5432' }, 'POSTGRES_PORT', /every network/],
    ['a database port on all addresses', { POSTGRES_PORT: '0.0.0.0:5432' }, 'POSTGRES_PORT', /every network/],
    [
      'a URL with an old password',
      { HASURA_GRAPHQL_DATABASE_URL: 'postgres://hasura:old@pgcat:6432/postgres' },
      'HASURA_GRAPHQL_DATABASE_URL',
      /its password is not HASURA_DB_PASSWORD/,
    ],
    [
      'a pool that no client finds',
      {
        POSTGRES_DB: 'shop',
        ATLAS_URL: 'postgres://db_migrator@postgres:5432/postgres',
        DB_MIGRATOR_PASSWORD: '',
      },
      'ATLAS_URL',
      /its database is postgres, but POSTGRES_DB/,
    ],
    ['a deleted image', { MINIO_IMAGE: 'minio/minio:latest' }, 'MINIO_IMAGE', /deleted/],
    ['an image that moves', { GRAFANA_IMAGE: 'grafana/grafana:latest' }, 'GRAFANA_IMAGE', /moves/],
    ['a host of an example', { DOMAIN_IMG: 'img.example.com' }, 'DOMAIN_*', /still an example’s/],
    [
      'image sources in another bucket',
      { MINIO_BUCKET: 'media' },
      'IMGPROXY_ALLOWED_SOURCES',
      /it names s3:\/\/uploads\/, but the bucket \(MINIO_BUCKET\) is s3:\/\/media\//,
    ],
    ['a host with a scheme', { DOMAIN_API: 'https://api.example.com/' }, 'DOMAIN_API', /not a host name/],
    [
      'a password that no URL holds',
      { HASURA_DB_PASSWORD: 'pässwörd-long-enough-1234567' },
      'HASURA_DB_PASSWORD',
      /breaks/,
    ],
    ['an open image proxy', { IMGPROXY_ALLOWED_SOURCES: 'https://' }, 'IMGPROXY_ALLOWED_SOURCES', /any host/],
    ['the pooler’s own name as database', { POSTGRES_DB: 'pgcat' }, 'POSTGRES_DB', /admin database/],
  ];
  for (const [what, change, name, message] of cases) {
    it(`finds ${what}, and says what to do`, () => {
      const finding = checkEnvironment(stack, deployable(change)).find(candidate => candidate.name === name);
      assert.match(finding?.message ?? '', message);
      assert.ok(finding?.hint);
    });
  }

  it('finds one secret used for two', () => {
    const values = deployable();
    values.DB_MIGRATOR_PASSWORD = values.HASURA_DB_PASSWORD!;
    assert.match(checkEnvironment(stack, values)[0]?.message ?? '', /the same as HASURA_DB_PASSWORD/);
  });

  it('never shows a secret’s value', () => {
    const values = deployable({
      HASURA_DB_PASSWORD: 'sh0rt&secret',
      HASURA_GRAPHQL_DATABASE_URL: 'postgres://hasura:0ther@pgcat/x',
    });
    const text = JSON.stringify(checkEnvironment(stack, values));
    assert.doesNotMatch(text, /sh0rt|0ther/);
  });

  it('asks for nothing that a service left out would need', () => {
    const small = resolveStack({ services: { grafana: false, admin: false } });
    assert.deepEqual(
      checkEnvironment(small, deployable({ GRAFANA_ADMIN_PASSWORD: undefined, PGADMIN_PASSWORD: undefined })),
      [],
    );
  });
});

describe('Docker’s errors', () => {
  const cases: readonly [stderr: string, message: string, hint: RegExp][] = [
    [
      'error while interpolating services.rest.environment.PGRST_JWT_SECRET: required variable JWT_SECRET is missing a value: set JWT_SECRET in .env, or run: peakstone deploy env',
      'JWT_SECRET has no value',
      /peakstone deploy env/,
    ],
    [
      "docker: unknown command: docker compose\n\nRun 'docker --help' for more information",
      'Docker has no compose plugin here',
      /docker-compose-plugin/,
    ],
    [
      'network dokploy-network declared as external, but could not be found',
      'the network dokploy-network does not exist',
      /docker network create dokploy-network/,
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint x (5f): Bind for 127.0.0.1:5432 failed: port is already allocated',
      'port 5432 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Ports are not available: exposing port TCP 127.0.0.1:8000 -> 0.0.0.0:0: listen tcp 127.0.0.1:8000: bind: address already in use',
      'port 8000 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 127.0.0.11:53: no such host',
      'the registry ghcr.io cannot be reached',
      /network and DNS/,
    ],
    [
      "Error response from daemon: pull access denied for minio/minio, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'the image minio/minio is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Error response from daemon: manifest for grafana/loki:9.9.9 not found: manifest unknown: manifest unknown',
      'the image grafana/loki:9.9.9 is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'Docker does not answer',
      /systemctl start docker/,
    ],
    [
      'Error response from daemon: This node is not a swarm manager. Use "docker swarm init"',
      'this Docker engine is no Swarm manager',
      /docker swarm init/,
    ],
    [
      'dependency failed to start: container stack-postgres-1 is unhealthy',
      'stack-postgres-1 did not become healthy',
      /docker logs stack-postgres-1/,
    ],
    [
      'service "db-bootstrap" didn\'t complete successfully: exit 1',
      'db-bootstrap did not become healthy',
      /docker logs/,
    ],
  ];
  for (const [stderr, message, hint] of cases) {
    it(`become one line: ${message}`, () => {
      const error = explainDocker(stderr, 'docker compose up');
      assert.equal(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }

  it('that nobody foresaw are quoted, last line first', () => {
    assert.equal(
      explainDocker('first\nsomething odd\n', 'docker compose up').message,
      'docker compose up failed: something odd',
    );
  });
});
