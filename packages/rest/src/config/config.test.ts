import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { noRoleConfig } from '@peakstone/kernel/request';
import { type BeyondConfig, beyondNames, defaultBeyond } from './beyond.ts';
import { dumpConfig } from './dump.ts';
import { ConfigError } from './error.ts';
import { exampleConfig } from './example.ts';
import { readConfig } from './read.ts';
import { parseConfigText } from './syntax.ts';
import { defaultConfig } from './types.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-config-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, text: string | Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};

describe('the configuration file', () => {
  it('holds text, numbers, truth values, lists, groups and comments', () => {
    const values = parseConfigText(
      '# a comment\nname = "a \\"b\\" \\\\ \\u00e9\\n"\nport = 3000 # why not\non_off = on\nitems = [1, "x"]\napp.settings { key = "v" }\n',
      {},
    );
    assert.deepEqual(
      [...values],
      [
        ['name', 'a "b" \\ é\n'],
        ['port', 3000],
        ['on_off', true],
        ['items', [1, 'x']],
        ['app.settings.key', 'v'],
      ],
    );
  });

  it('stands earlier keys and environment variables in for $(NAME)', () => {
    const values = parseConfigText('base = "db"\nuri = "postgres://$(HOST)/$(base)?p=$$1"', { HOST: 'h' });
    assert.equal(values.get('uri'), 'postgres://h/db?p=$1');
  });

  it('says where it stops making sense', () => {
    assert.throws(() => parseConfigText('a = 1\nb: 2', {}), /line 2, column 2: expected '='/);
    assert.throws(() => parseConfigText('a = "x', {}), /line 1, column 7: expected a closing quote/);
    assert.throws(() => parseConfigText('a = "$(NOPE)"', {}), /a value for the variable NOPE/);
    assert.throws(() => parseConfigText(`a = ${'['.repeat(100)}`, {}), /fewer nested lists/);
  });

  it('is what --example prints, with the defaults', async () => {
    const path = await write('example.config', exampleConfig);
    assert.equal(dumpConfig(await readConfig({ path, env: {} })), dumpConfig(defaultConfig));
  });
});

describe('a setting', () => {
  it('comes from the database before the environment before the file', async () => {
    const path = await write(
      'precedence.config',
      'db-max-rows = 1\ndb-anon-role = "file"\nserver-port = 1234\n',
    );
    const env = { PGRST_DB_MAX_ROWS: '2', PGRST_DB_ANON_ROLE: 'env' };
    const settings = new Map([['db_max_rows', '3']]);
    const roles = { settings: new Map(), isolationLevels: new Map() };
    const config = await readConfig({ path, env, database: { settings, roles } });
    assert.deepEqual([config.dbMaxRows, config.dbAnonRole, config.serverPort], [3, 'env', 1234]);
  });

  it('is known by its older name too', async () => {
    const path = await write(
      'aliases.config',
      'db-schema = "old"\nmax-rows = 5\npre-request = "a.b"\nroot-spec = "r"\nsecret-is-base64 = true\nrole-claim-key = "$$.old"\ndb-pool-timeout = 7',
    );
    const config = await readConfig({ path, env: {} });
    assert.deepEqual(config.dbSchemas, ['old']);
    assert.equal(config.dbMaxRows, 5);
    assert.deepEqual(config.dbPreRequest, { schema: 'a', name: 'b' });
    assert.deepEqual(config.dbRootSpec, { schema: '', name: 'r' });
    assert.equal(config.jwtSecretIsBase64, true);
    assert.equal(config.jwtRoleClaimKey, '$.old');
    assert.equal(config.dbPoolMaxIdletime, 7);
  });

  it('reads truth from many spellings and falls back from nonsense', async () => {
    const read = async (value: string) => (await readConfig({ env: { PGRST_LOG_QUERY: value } })).logQuery;
    assert.deepEqual(await Promise.all(['TRUE', '"true"', '1', '2', 'false', '0', 'what'].map(read)), [
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    // PostgREST 13's own word for true
    assert.equal(await read('main-query'), true);
    assert.equal(await read('disabled'), false);
  });

  it('may be set to nothing where that means something', async () => {
    assert.deepEqual((await readConfig({ env: { PGRST_DB_EXTRA_SEARCH_PATH: '' } })).dbExtraSearchPath, []);
    assert.equal((await readConfig({ env: { PGRST_LOG_LEVEL: '' } })).logLevel, 'error');
  });

  it('app.settings are merged from file and environment', async () => {
    const path = await write('app.config', 'app.settings.b = "file"\napp.settings.a = "file"');
    const config = await readConfig({ path, env: { PGRST_APP_SETTINGS_a: 'env' } });
    assert.deepEqual(
      [...config.appSettings],
      [
        ['app.settings.a', 'env'],
        ['app.settings.b', 'file'],
      ],
    );
  });

  const invalid: readonly (readonly [string, string, RegExp])[] = [
    ['PGRST_SERVER_UNIX_SOCKET_MODE', '800', /server-unix-socket-mode: not an octal/],
    ['PGRST_ADMIN_SERVER_UNIX_SOCKET_MODE', '599', /admin-server-unix-socket-mode: not an octal|between 600/],
    ['PGRST_ADMIN_SERVER_PORT', '3000', /admin-server-port cannot be the same as server-port/],
    ['PGRST_DB_SCHEMAS', 'api, pg_catalog', /db-schemas does not allow schema: 'pg_catalog'/],
    ['PGRST_JWT_AUD', 'http://%%', /jwt-aud should be a string or a valid URI/],
    ['PGRST_LOG_LEVEL', 'loud', /Invalid logging level/],
    ['PGRST_DB_TX_END', 'maybe', /Invalid transaction termination/],
    ['PGRST_OPENAPI_MODE', 'on', /Invalid openapi-mode/],
    ['PGRST_OPENAPI_SERVER_PROXY_URI', 'ftp://x', /Malformed proxy uri/],
    ['PGRST_CLIENT_ERROR_VERBOSITY', 'chatty', /Invalid client-error-verbosity/],
    ['PGRST_JWT_ROLE_CLAIM_KEY', 'role', /failed to parse role-claim-key value \(role\)/],
    ['PGRST_JWT_SECRET', 'short', /must be at least 32 characters/],
  ];
  for (const [name, value, message] of invalid) {
    it(`${name}=${value} is refused`, async () => {
      await assert.rejects(readConfig({ env: { [name]: value } }), (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

describe('a secret', () => {
  const secret = 'a secret of at least thirty-two bytes';

  it('is read from a file, without its last line end', async () => {
    const path = await write('secret', `${secret}\n`);
    const config = await readConfig({ env: { PGRST_JWT_SECRET: `@${path}` } });
    assert.equal(Buffer.from(config.jwtSecret!).toString(), secret);
  });

  it('may be base64 in either alphabet, also in a file', async () => {
    const bytes = Buffer.from([...Array(40).keys()].map(i => i * 6 + 3));
    const env = { PGRST_JWT_SECRET_IS_BASE64: 'true', PGRST_JWT_SECRET: `${bytes.toString('base64url')}..` };
    assert.deepEqual(Buffer.from((await readConfig({ env })).jwtSecret!), bytes);
    const path = await write('secret.b64', `${bytes.toString('base64')}\n`);
    const fromFile = await readConfig({ env: { ...env, PGRST_JWT_SECRET: `@${path}` } });
    assert.deepEqual(Buffer.from(fromFile.jwtSecret!), bytes);
  });

  it('that is no base64 is refused without being repeated', async () => {
    const env = { PGRST_JWT_SECRET_IS_BASE64: 'true', PGRST_JWT_SECRET: 'no base-64!' };
    await assert.rejects(readConfig({ env }), (error: Error) => !error.message.includes('no base-64!'));
  });

  it('names the file that cannot be read', async () => {
    await assert.rejects(
      readConfig({ env: { PGRST_DB_URI: '@/nowhere/at/all' } }),
      /file of db-uri.*\/nowhere/,
    );
  });
});

describe('settings beyond the reference', () => {
  const env = {
    PGRST_BATCH_PATH: '/rpc/batch',
    PGRST_BATCH_MAX_REQUESTS: '7',
    PGRST_CLIENT_ANON_MAX_BODY_BYTES: '1000000',
    PGRST_CLIENT_ANON_ROLES: 'anon, guest',
    PGRST_CLIENT_ERROR_HINTS_BY_ROLE: 'true',
    PGRST_CLIENT_LOGIN_ROLE_REFUSED: 'true',
    PGRST_DB_MAX_RESULT_BYTES: '5000000',
    PGRST_DB_NESTED_INSERT_ENABLED: 'true',
    PGRST_DB_SAFEUPDATE_ENABLED: 'true',
    PGRST_DB_STREAM_ENABLED: '1',
    PGRST_SERVER_CONTENT_LOCATION_MAX_BYTES: '4096',
    PGRST_SERVER_ETAG_ENABLED: 'true',
    PGRST_SERVER_QUERY_METHOD_ENABLED: 'true',
    PGRST_URL_COLUMN_FILTERS_ENABLED: 'true',
    PGRST_URL_MAX_EMBEDS: '100',
    PGRST_URL_MAX_NODES: '1000',
    PGRST_URL_KEYSET_ENABLED: 'true',
  };

  it('are off, and no part of the dump, unless they are set', async () => {
    const config = await readConfig({ env: {} });
    assert.deepEqual(config.beyond, defaultBeyond);
    assert.doesNotMatch(
      dumpConfig(config),
      /batch|client-anon|hints|login-role|max-result|nested|safeupdate|stream|content-location|etag|query-method|column|keyset|url-max/,
    );
  });

  it('come from the environment, a file or the database, and follow the others in the dump', async () => {
    const config = await readConfig({ env });
    const all: BeyondConfig = {
      batchPath: '/rpc/batch',
      batchMaxRequests: 7,
      anonMaxBodyBytes: 1_000_000,
      anonRoles: ['anon', 'guest'],
      hintsByRole: true,
      refusesLogin: true,
      maxResultBytes: 5_000_000,
      nestedInsert: true,
      safeUpdate: true,
      stream: true,
      contentLocationMaxBytes: 4096,
      etag: true,
      queryMethod: true,
      columnFilters: true,
      keyset: true,
      maxEmbeds: 100,
      maxNodes: 1000,
    };
    assert.deepEqual(config.beyond, all);
    const dumped = dumpConfig(config);
    assert.match(
      dumped,
      /\nurl-use-legacy-target-names = true\nbatch-path = "\/rpc\/batch"\nbatch-max-requests = 7\n/,
    );
    const path = await write('beyond.config', dumped);
    assert.deepEqual((await readConfig({ path, env: {} })).beyond, all);
    const settings = new Map(
      Object.entries(env).map(([name, value]) => [name.slice(6).toLowerCase(), value]),
    );
    const database = { settings, roles: noRoleConfig };
    assert.deepEqual((await readConfig({ env: {}, database })).beyond, all);
    assert.deepEqual([...settings.keys()].sort(), [...beyondNames].sort());
  });

  it('are refused where they make no sense', async () => {
    await assert.rejects(
      readConfig({ env: { PGRST_BATCH_PATH: 'batch' } }),
      /batch-path should start with a slash/,
    );
    await assert.rejects(readConfig({ env: { PGRST_BATCH_MAX_REQUESTS: '0' } }), /between 1 and 1000/);
    await assert.rejects(
      readConfig({ env: { PGRST_CLIENT_ANON_MAX_BODY_BYTES: '-1' } }),
      /should be a number of bytes/,
    );
    await assert.rejects(
      readConfig({ env: { PGRST_CLIENT_ANON_MAX_BODY_BYTES: '1MB' } }),
      /should be a number of bytes/,
    );
    await assert.rejects(readConfig({ env: { PGRST_BATCH_MAX_REQUESTS: 'ten' } }), /between 1 and 1000/);
    await assert.rejects(
      readConfig({ env: { PGRST_DB_SAFEUPDATE_ENABLED: 'flase' } }),
      /db-safeupdate-enabled should be true or false, not "flase"/,
    );
  });

  it('are on and off in any usual word', async () => {
    for (const [text, isOn] of Object.entries({
      on: true,
      YES: true,
      '1': true,
      off: false,
      no: false,
      '': false,
    })) {
      const { beyond } = await readConfig({ env: { PGRST_DB_SAFEUPDATE_ENABLED: text } });
      assert.equal(beyond.safeUpdate, isOn, text);
    }
  });
});

describe('the dump', () => {
  it('reads back to itself', async () => {
    const env = {
      PGRST_DB_SCHEMAS: 'a, b',
      PGRST_JWT_ROLE_CLAIM_KEY: '$.roles[?@ == "x"]',
      PGRST_JWT_SECRET: Buffer.from('a secret of at least thirty-two bytes').toString('base64'),
      PGRST_JWT_SECRET_IS_BASE64: 'true',
      PGRST_SERVER_UNIX_SOCKET_MODE: '777',
      PGRST_APP_SETTINGS_quote: 'say "hi" \\ there',
    };
    const dumped = dumpConfig(await readConfig({ env }));
    const path = await write('dump.config', dumped);
    assert.equal(dumpConfig(await readConfig({ path, env: {} })), dumped);
    assert.match(dumped, /^db-schemas = "a,b"$/m);
    assert.match(dumped, /^jwt-role-claim-key = "\$\$\.roles\[\?@ == \\"x\\"\]"$/m);
  });
});
