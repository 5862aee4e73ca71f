import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkEnvironment } from '../src/deploy/index.ts';
import { buildContainers } from '../src/render/containers.ts';
import { renderEnvExample } from '../src/render/index.ts';
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
    ['a schema of the server’s', { DATABASE_SCHEMAS: 'public, pg_x' }, 'DATABASE_SCHEMAS', /not of reserved/],
    ['a short password', { POSTGRES_SUPERPASS: 'hunter2' }, 'POSTGRES_SUPERPASS', /7 characters/],
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
    ['an open image proxy', { IMGPROXY_ALLOWED_SOURCES: 'https://' }, 'IMGPROXY_ALLOWED_SOURCES', /any host/],
    ['the pooler’s own name as database', { POSTGRES_DB: 'pgcat' }, 'POSTGRES_DB', /admin database/],
    ['a database that is named nothing', { POSTGRES_DB: '' }, 'POSTGRES_DB', /empty, so that it is postgres/],
    [
      'a database’s name with a quote',
      { POSTGRES_DB: `shop's` },
      'POSTGRES_DB',
      /no name that every service/,
    ],
    [
      'a role of the stack’s as superuser',
      { POSTGRES_SUPERUSER: 'hasura' },
      'POSTGRES_SUPERUSER',
      /must not be/,
    ],
    ['data in the checkout', { PG_DATA_HOST_DIR: './data' }, 'PG_DATA_HOST_DIR', /Dokploy deletes/],
    ['a volume that nobody declared', { PG_DATA_HOST_DIR: 'data' }, 'PG_DATA_HOST_DIR', /neither the volume/],
    [
      'one folder for two services',
      { PG_DATA_HOST_DIR: '/srv/data', MINIO_DATA_HOST_DIR: '/srv/data' },
      'PG_DATA_HOST_DIR',
      /the place of MINIO_DATA_HOST_DIR too/,
    ],
    [
      'one folder, written in two ways',
      { PG_DATA_HOST_DIR: '/srv/a/', MINIO_DATA_HOST_DIR: '/srv/./a' },
      'PG_DATA_HOST_DIR',
      /the place of MINIO_DATA_HOST_DIR too/,
    ],
    [
      'a folder inside of another’s',
      { PG_DATA_HOST_DIR: '/srv/a', MINIO_DATA_HOST_DIR: '/srv/a/minio' },
      'MINIO_DATA_HOST_DIR',
      /inside the place of PG_DATA_HOST_DIR/,
    ],
    [
      'a folder around another’s',
      { PG_DATA_HOST_DIR: '../files/a/db/', MINIO_DATA_HOST_DIR: '../files/a' },
      'PG_DATA_HOST_DIR',
      /inside the place of MINIO_DATA_HOST_DIR/,
    ],
    ['a folder with options of a mount', { PG_DATA_HOST_DIR: '/srv/a:ro' }, 'PG_DATA_HOST_DIR', /a colon/],
    ['a pool that is no number', { PGRST_DB_POOL: 'abc' }, 'PGRST_DB_POOL', /no number of connections/],
    [
      'a pool past the server’s',
      { PGRST_DB_POOL: '500' },
      'PGRST_DB_POOL',
      /more than the database takes: 97/,
    ],
    ['a pool that leaves nobody any', { PGRST_DB_POOL: '80' }, 'PGRST_DB_POOL', /too few for the others/],
    [
      'a network that is none',
      { GATEWAY_TRUSTED_PROXIES: '10.0.0' },
      'GATEWAY_TRUSTED_PROXIES',
      /must be addresses, networks such as /,
    ],
    ['a size that is none', { GATEWAY_MAX_BODY: 'much' }, 'GATEWAY_MAX_BODY', /must be a size such as /],
    [
      'a role’s setting without sense',
      { DATABASE_ROLE_SETTINGS: 'app_user.work_mem=lots' },
      'DATABASE_ROLE_SETTINGS',
      /'lots' is no size for app_user\.work_mem/,
    ],
    [
      'a setting of nobody',
      { DATABASE_ROLE_SETTINGS: 'ap_user.work_mem=1MB' },
      'DATABASE_ROLE_SETTINGS',
      /of the stack's roles/,
    ],
    ['schemas by semicolon', { DATABASE_SCHEMAS: 'public;shop' }, 'DATABASE_SCHEMAS', /separated by commas/],
    ['schemas by space', { DATABASE_SCHEMAS: 'public shop' }, 'DATABASE_SCHEMAS', /separated by commas/],
    ['an open pooler', { PUBLISH_PGCAT: '0.0.0.0:6432' }, 'PUBLISH_PGCAT', /pooler to every network/],
    ['a port that is none', { PUBLISH_REST: '127.0.0.1:99999' }, 'PUBLISH_REST', /no address to listen on/],
    [
      'two services on one port',
      { PUBLISH_REST: '127.0.0.1:8000', PUBLISH_GATEWAY: '127.0.0.1:8000' },
      'PUBLISH_GATEWAY',
      /is where PUBLISH_REST listens/,
    ],
    ['an address that pgAdmin refuses', { PGADMIN_EMAIL: 'me@shop.local' }, 'PGADMIN_EMAIL', /\.local/],
    ['no address at all', { PGADMIN_EMAIL: 'admin' }, 'PGADMIN_EMAIL', /no e-mail address/],
    ['a store’s user of two letters', { MINIO_ROOT_USER: 'me' }, 'MINIO_ROOT_USER', /shorter than 3/],
    [
      'the app as the store’s root',
      { S3_APP_ACCESS_KEY: 'minioadmin' },
      'S3_APP_ACCESS_KEY',
      /the same user as MINIO_ROOT_USER/,
    ],
    ['a bucket’s name that is none', { MINIO_BUCKET: 'My_Files' }, 'MINIO_BUCKET', /no bucket’s name/],
    ['the log store’s bucket', { MINIO_BUCKET: 'loki' }, 'MINIO_BUCKET', /the log store’s bucket/],
    [
      'the same host twice',
      { DOMAIN_API: 'api.lighthouses.dev', DOMAIN_GQL: 'API.lighthouses.dev' },
      'DOMAIN_GQL',
      /the host in DOMAIN_API already/,
    ],
    ['a host without a certificate', { DOMAIN_API: '10.0.0.7' }, 'DOMAIN_API', /nobody gets a certificate/],
    [
      'the original’s image',
      { POSTGRES_IMAGE: 'ghcr.io/willosagiede-dev/peakstone-postgres:17.6-exts' },
      'POSTGRES_IMAGE',
      /the original stack’s image/,
    ],
    ['another major version', { POSTGRES_IMAGE: 'me/postgres-exts:16.4' }, 'POSTGRES_IMAGE', /PostgreSQL 16/],
    ['the official image', { POSTGRES_IMAGE: 'postgres:17.6' }, 'POSTGRES_IMAGE', /lacks pg_cron/],
    ['an origin with a slash', { HASURA_CORS: 'https://app.shop.dev/' }, 'HASURA_CORS', /ends with a slash/],
    [
      'a time that is none',
      { DATABASE_STATEMENT_TIMEOUT: '8 seconds' },
      'DATABASE_STATEMENT_TIMEOUT',
      /no time/,
    ],
    ['a time zone that is none', { TZ: 'Berlin' }, 'TZ', /no time zone/],
    [
      'a source that is not allowed',
      { IMGPROXY_BASE_URL: 'https://s3.lighthouses.dev/' },
      'IMGPROXY_BASE_URL',
      /not among IMGPROXY_ALLOWED_SOURCES/,
    ],
    [
      'a host that may be another app’s',
      { ATLAS_URL: 'postgres://db_migrator@postgres:5432/postgres' },
      'ATLAS_URL',
      /may be another app’s/,
    ],
    ['a JWT secret that ends its JSON', { JWT_SECRET: `${'abcdefgh'.repeat(5)}"` }, 'JWT_SECRET', /JSON/],
    [
      'a password of two words',
      { PGADMIN_PASSWORD: 'correct horse battery staple' },
      'PGADMIN_PASSWORD',
      /a space/,
    ],
  ];
  for (const [what, change, name, message] of cases) {
    it(`finds ${what}, and says what to do`, () => {
      const finding = checkEnvironment(stack, deployable(change)).find(candidate => candidate.name === name);
      assert.match(finding?.message ?? '', message);
      assert.ok(finding?.hint);
    });
  }

  const lines: readonly [what: string, text: string, name: string, message: RegExp, hint: RegExp][] = [
    [
      'a name that is misspelt',
      'POSTGRES_SUPERPAS=x\n',
      'POSTGRES_SUPERPAS',
      /nothing reads it/,
      /called POSTGRES_SUPERPASS/,
    ],
    [
      'another project’s name',
      'MINIO_ROOT_PASSWORD=x\n',
      'MINIO_ROOT_PASSWORD',
      /nothing reads it/,
      /called MINIO_ROOT_PASS$/,
    ],
    [
      'the original’s file',
      'PGCAT_CONFIG_PATH=../x\n',
      'PGCAT_CONFIG_PATH',
      /nothing reads it/,
      /part of the deployment/,
    ],
    [
      'an address of the run on this machine',
      'PEAKSTONE_UPSTREAM_REST=http://x\n',
      'PEAKSTONE_UPSTREAM_REST',
      /only the run on this machine/,
      /peakstone\.config\.ts/,
    ],
    [
      'another database of the run on this machine',
      'DATABASE_ENGINE=postgres://x\n',
      'DATABASE_ENGINE',
      /only the run on this machine/,
      /external/,
    ],
    [
      'a key that the deployment does not verify with',
      'PGRST_JWT_SECRET=x\n',
      'PGRST_JWT_SECRET',
      /only the run on this machine/,
      /JWT_SECRET/,
    ],
    [
      'a setting of REST that nothing hands on',
      'PGRST_APP_SETTINGS_X=x\n',
      'PGRST_APP_SETTINGS_X',
      /only the run on this machine/,
      /take the line out/,
    ],
    ['a name set twice', 'TZ=UTC\nTZ=Europe/Rome\n', 'TZ', /more than once/, /one line/],
    [
      'a secret that Compose cuts short',
      'JWT_SECRET=abc$def\n',
      'JWT_SECRET',
      /dollar sign/,
      /single quotes/,
    ],
  ];
  for (const [what, text, name, message, hint] of lines) {
    it(`finds ${what} in the file`, () => {
      const [finding] = checkEnvironment(stack, deployable(), text);
      assert.equal(finding?.name, name);
      assert.match(finding.message, message);
      assert.match(finding.hint, hint);
    });
  }

  it('says nothing of what others read, of quoted values, or of what .env.example has', () => {
    const text = "COMPOSE_PROJECT_NAME=shop\nDATABASE_ENGINE=embedded\nJWT_SECRET='a$b'\n";
    assert.deepEqual(checkEnvironment(stack, deployable(), text), []);
    assert.deepEqual(checkEnvironment(stack, deployable(), renderEnvExample()), []);
  });

  it('takes passwords as the original’s generator makes them, base64, and any character that keeps', () => {
    const values = deployable({
      POSTGRES_SUPERPASS: 'q/Zk+7Yp@1:w?M#x9Lr2Tn5B=',
      MINIO_ROOT_PASS: 'pässwörd-long/enough+1234567=',
    });
    assert.deepEqual(checkEnvironment(stack, values), []);
  });

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

  it('takes neighbouring folders, and settings as PostgreSQL and the gateway write them', () => {
    const values = {
      PG_DATA_HOST_DIR: '/srv/a',
      MINIO_DATA_HOST_DIR: '/srv/a-minio',
      ATLAS_MIGRATIONS_DIR: '../files/atlas',
      // Of the shell's environment.
      PROJECT_DIR: '/srv',
      PGRST_DB_POOL: '20',
      GATEWAY_TRUSTED_PROXIES: '10.0.0.0/8, loopback',
      DATABASE_ROLE_SETTINGS: 'app_user.work_mem=16MB; read_only.statement_timeout=1.5min; app_user.jit=off',
    };
    assert.deepEqual(checkEnvironment(stack, deployable(values)), []);
  });

  it('asks for no storage, and no user of one, where the log store is elsewhere', () => {
    const logs = { engine: 'external', url: 'https://loki.example.net' } as const;
    const without = { LOKI_ACCESS_KEY: undefined, LOKI_SECRET_KEY: undefined };
    assert.deepEqual(checkEnvironment(resolveStack({ services: { logs } }), deployable(without)), []);
    const bare = resolveStack({
      services: { logs, storage: false, 'storage-bootstrap': false, images: false },
    });
    const values = deployable({ ...without, MINIO_ROOT_PASS: undefined, S3_APP_SECRET_KEY: undefined });
    assert.deepEqual(checkEnvironment(bare, values), []);
    const containers = JSON.stringify(buildContainers(bare));
    assert.match(containers, /https:\/\/loki\.example\.net/);
    assert.doesNotMatch(containers, /LOKI_ACCESS_KEY|MINIO_ROOT/);
  });
});
