import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { type Fixture, jwtSecret, restFixture } from './support/fixture.ts';
import { takePort } from './support/ports.ts';
import { spawnRest } from './support/process.ts';
import { settingsOf } from './support/server.ts';

let fixture: Fixture;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-cli-'));
  fixture = await restFixture(`
    create schema conf;
    create function conf.pre() returns void language plpgsql as $$ begin
      perform set_config('pgrst.db_schemas', 'overridden', true), set_config('pgrst.db_max_rows', '7', true);
    end $$;
    grant usage on schema conf to :owner;
    alter role :owner set pgrst.db_schemas = 'public, conf';
    alter role :owner set pgrst.jwt_aud = 'everywhere';
    alter role :owner in database :database set pgrst.jwt_aud = 'here';
    alter role :owner set pgrst.server_port = '9';
    alter role :owner set pgrst.unknown = 'ignored';
    alter database :database set pgrst.db_anon_role = 'ignored';
  `);
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await fixture?.drop();
});

async function run(args: readonly string[], env: Record<string, string> = {}, stdin?: string) {
  const rest = spawnRest({ args, env, ...(stdin === undefined ? {} : { stdin }) });
  const code = await rest.exit();
  return { code, out: rest.out, err: rest.err };
}

const offline = { PGRST_DB_CONFIG: 'false' };

describe('the command line', () => {
  it('shows help, version and an example', async () => {
    for (const [flags, pattern] of [
      [['--help', '-h'], /Usage: .*\[FILENAME\]/],
      [['--version', '-v'], /^PostgREST \d+\.\d+ \(PeakStone/],
      [['--example', '-e'], /^db-uri = "postgresql:\/\/"$/m],
    ] as const) {
      for (const flag of flags) {
        const { code, out } = await run([flag]);
        assert.equal(code, 0, flag);
        assert.match(out, pattern);
      }
    }
  });

  it('refuses flags it does not know, with its usage', async () => {
    const { code, err } = await run(['--colour']);
    assert.equal(code, 1);
    assert.match(err, /--colour[\s\S]*Usage:/);
  });

  it('exits with 1 and the reason when the file is missing or not in its syntax', async () => {
    const missing = await run(['--dump-config', join(folder, 'none.conf')]);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /Error in config .*none\.conf/);
    const yaml = join(folder, 'a.yaml');
    await writeFile(yaml, 'server:\n  port: 1\n');
    const invalid = await run(['--dump-config', yaml]);
    assert.equal(invalid.code, 1);
    assert.match(invalid.err, /line 1, column 7: expected '='/);
  });

  it('dumps what file and environment say', async () => {
    const path = join(folder, 'dump.conf');
    await writeFile(path, 'db-config = false\ndb-schemas = "from_file"\nserver-port = 1');
    for (const args of [[path], ['--config', path]]) {
      const { code, out } = await run(['--dump-config', ...args], { PGRST_SERVER_PORT: '2' });
      assert.equal(code, 0);
      assert.match(out, /^db-schemas = "from_file"$/m);
      assert.match(out, /^server-port = 2$/m);
    }
  });

  it('reads secrets and the URI from standard input', async () => {
    const secret = await run(
      ['--dump-config'],
      { ...offline, PGRST_JWT_SECRET: '@/dev/stdin' },
      `${jwtSecret}\n`,
    );
    assert.match(secret.out, new RegExp(`^jwt-secret = "${jwtSecret}"$`, 'm'));
    const uri = await run(['--dump-config'], { ...offline, PGRST_DB_URI: '@/dev/stdin' }, 'postgres://h/d\n');
    assert.match(uri.out, /^db-uri = "postgres:\/\/h\/d"$/m);
  });

  it('exits with 1 when the port is taken', async () => {
    const { port, release } = await takePort();
    const { code, err } = await run([], settingsOf(fixture, { 'server-port': String(port) }));
    await release();
    assert.equal(code, 1);
    assert.match(err, /EADDRINUSE/);
  });
});

describe('settings in the database', () => {
  const dump = (settings: Record<string, string> = {}) =>
    run(
      ['--dump-config'],
      settingsOf(fixture, { 'jwt-aud': 'environment', 'db-max-rows': '3', ...settings }),
    );

  it('override the environment, those of the database those of the role', async () => {
    const { code, out } = await dump();
    assert.equal(code, 0);
    assert.match(out, /^jwt-aud = "here"$/m);
    assert.match(out, /^db-schemas = "public,conf"$/m);
    assert.match(out, /^db-max-rows = 3$/m);
    assert.match(out, new RegExp(`^db-anon-role = "${fixture.anon}"$`, 'm'));
  });

  it('leave alone what is needed to reach the database', async () => {
    const { out } = await dump({ 'server-port': '1234' });
    assert.match(out, /^server-port = 1234$/m);
  });

  it('may come from a function, which yields to the role', async () => {
    const { out } = await dump({ 'db-pre-config': 'conf.pre' });
    assert.match(out, /^db-max-rows = 7$/m);
    assert.match(out, /^db-schemas = "public,conf"$/m);
  });

  it('are not read when db-config is off', async () => {
    const { out } = await dump({ 'db-config': 'false' });
    assert.match(out, /^jwt-aud = "environment"$/m);
  });
});

describe('the schema dump', () => {
  it('is JSON with relations, relationships and functions', async () => {
    const { code, out } = await run(['--dump-schema'], settingsOf(fixture, {}));
    assert.equal(code, 0);
    const dump = JSON.parse(out) as { dbTables: [{ qiName: string }, { tableColumns: object }][] };
    const items = dump.dbTables.find(([name]) => name.qiName === 'items');
    assert.deepEqual(Object.keys(items![1].tableColumns), ['id', 'name']);
    assert.deepEqual(Object.keys(dump), [
      'dbMediaHandlers',
      'dbRelationships',
      'dbRepresentations',
      'dbRoutines',
      'dbTables',
    ]);
  });

  it('exits with 1 when the database is out of reach', async () => {
    const { code, err } = await run(['--dump-schema'], {
      ...offline,
      PGRST_DB_URI: 'postgres://127.0.0.1:1/x',
    });
    assert.equal(code, 1);
    assert.match(err, /Failed to load the schema cache/);
  });
});

describe('the readiness check', () => {
  it('succeeds against a running server', async () => {
    const port = await reservePorts();
    const rest = spawnRest({ env: settingsOf(fixture, { 'admin-server-port': String(port) }) });
    try {
      await rest.untilLogged(/Admin server listening on 127\.0\.0\.1:\d+/);
      await rest.untilLogged(/API server listening/);
      await rest.untilLogged(/Listener connected/);
      const env = { ...offline, PGRST_ADMIN_SERVER_PORT: String(port), PGRST_ADMIN_SERVER_HOST: '127.0.0.1' };
      const { code, out } = await run(['--ready'], env);
      assert.equal(out, `OK: http://127.0.0.1:${port}/ready\n`);
      assert.equal(code, 0);
    } finally {
      await rest.exit('SIGTERM');
    }
  });

  it('says why it fails', async () => {
    const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{}, /Admin server is not running/],
      [{ PGRST_ADMIN_SERVER_PORT: '1' }, /cannot be used when server-host is configured as "!4"/],
      [{ PGRST_ADMIN_SERVER_PORT: '1', PGRST_ADMIN_SERVER_HOST: '127.0.0.1' }, /connection refused to http/],
      [{ PGRST_ADMIN_SERVER_PORT: '-1', PGRST_ADMIN_SERVER_HOST: '127.0.0.1' }, /invalid url - http/],
    ];
    for (const [env, message] of cases) {
      const { code, err } = await run(['--ready'], { ...offline, ...env });
      assert.equal(code, 1);
      assert.match(err, message);
    }
  });
});
