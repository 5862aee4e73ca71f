/** Passwords that no URL holds as they are, such as base64 makes; and passwords that were changed where the stack is configured. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DatabaseError, setOwnPassword } from '@peakstone/database';
import { connect, startTestServer, type TestServer } from '@peakstone/testing';
import { rehearseDatabaseBootstrap, runDatabaseBootstrap } from '../src/inContainer.ts';
import { fillContainer, openWorkshop, type Workshop, writeFile } from './upstreamProgram.ts';

const awkward = `q/Zk+7Yp@1:w?M#x&9%41"L'r=\\`;

describe('the bootstrap job', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ durable: false });
  });
  after(() => server?.stop());

  const environment = (changes: Readonly<Record<string, string>> = {}) => ({
    PGHOST: '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: awkward,
    PGDATABASE: 'postgres',
    PGSSLMODE: 'disable',
    DB_AUTHENTICATOR_PASSWORD: `${awkward}1`,
    HASURA_DB_PASSWORD: `${awkward}2`,
    DB_MIGRATOR_PASSWORD: `${awkward}3`,
    ...changes,
  });
  const run = (changes: Readonly<Record<string, string>> = {}) => runDatabaseBootstrap(environment(changes));

  it('logs in with a password that no URL holds', async () => {
    await setOwnPassword(server.url, awkward);
    assert.match(await run(), /passwords set: db_authenticator, hasura, db_migrator(;|$)/);
    assert.match(await run(), /^db-bootstrap: nothing to do(?!.*passwords)/);
  });

  it('keeps the schemas that the database has had, and tells the REST API by the database', async t => {
    const client = connect(server.url);
    t.after(() => client.close());
    const announced = async () => {
      const [row] = await client.query(
        "select split_part(setting, '=', 2) from pg_db_role_setting, unnest(setconfig) as setting where setrole = 'db_authenticator'::regrole and setting like 'pgrst.db_schemas=%'",
      );
      return row?.[0];
    };
    await run();
    assert.equal(await announced(), 'public');
    await run({ DATABASE_SCHEMAS: 'public,people' });
    assert.equal(await announced(), 'public,people');
    await run();
    assert.equal(await announced(), 'public,people');
    assert.match(await run(), /nothing to do/);
    await run({ DATABASE_ROLE_SETTINGS: 'db_authenticator.pgrst.db_schemas=public' });
    assert.equal(await announced(), 'public');
    await assert.rejects(run({ DATABASE_SCHEMAS: 'public,hdb_catalog' }), /DATABASE_SCHEMAS/);
  });

  it('gives the server a changed superuser’s password by its socket, so that the deployment goes on', async () => {
    const changed = { PGPASSWORD: 'another/one+with=signs' };
    assert.match(
      await run({ ...changed, PEAKSTONE_DATABASE_SOCKET: server.socketDir }),
      /passwords set: postgres(;|$)/,
    );
    assert.match(await run(changed), /^db-bootstrap: nothing to do(?!.*passwords)/);
  });

  it('logs in by a URL that a password was pasted into, whatever it holds but a %', async () => {
    const pasted = awkward.replace('%41', '');
    await setOwnPassword(server.url, pasted);
    const address = `127.0.0.1:${server.port}`;
    for (const url of [
      `postgres://postgres:${pasted}@${address}/postgres?sslmode=disable`,
      `postgres://postgres:${encodeURIComponent(pasted)}@${address}/postgres`,
      `postgres://postgres:${pasted}@${address}`,
    ])
      assert.match(await run({ PEAKSTONE_DATABASE_URL: url }), /^db-bootstrap: nothing to do(?!.*passwords)/);
  });

  it('says what to do about a % in such a password, without quoting it', async () => {
    await assert.rejects(
      run({ PEAKSTONE_DATABASE_URL: `postgres://postgres:q/Zk+7Yp%@127.0.0.1/postgres` }),
      (error: Error) =>
        /written %25; or give PGHOST, .*PGPASSWORD … instead/.test(error.message) &&
        !JSON.stringify(error).includes('Zk+7'),
    );
  });

  it('is refused where neither the password nor the socket leads in', async () => {
    await assert.rejects(
      run({ PGPASSWORD: 'not the one' }),
      (error: DatabaseError) =>
        error.code === 'AUTHENTICATION_FAILED' && !/socket/.test(error.message + error.hint),
    );
  });

  it('says before anything is stopped that the server has another password, or not the database', async () => {
    await setOwnPassword(server.url, awkward);
    assert.equal(await rehearseDatabaseBootstrap(environment()), undefined);
    assert.match(
      (await rehearseDatabaseBootstrap(environment({ PGDATABASE: 'shop' }))) ?? '',
      /^The server has no database shop: POSTGRES_DB was another/,
    );
    assert.match(
      (await rehearseDatabaseBootstrap(environment({ PGPASSWORD: 'not the one' }))) ?? '',
      /^PostgreSQL does not take the configured password of postgres\.$/,
    );
  });
});

describe('the containers of others', () => {
  let shop: Workshop;
  before(() => {
    shop = openWorkshop();
  });
  after(() => shop.close());

  it('give Atlas a URL in which every byte of the password is encoded', async () => {
    const { command, environment } = fillContainer(
      { services: { 'atlas-migrate': 'upstream' } },
      'atlas-migrate',
      { DB_MIGRATOR_PASSWORD: awkward },
    );
    writeFile(shop.folder, 'migrations/1.sql', 'select 1;');
    chmodSync(writeFile(shop.folder, 'atlas', '#!/bin/sh\necho "$*"\n'), 0o755);
    const here = command.map(part =>
      part.replaceAll('/migrations', `${shop.folder}/migrations`).replace('$PATH:/', `$PATH:${shop.folder}`),
    );
    const { code, text } = await shop.run(here, environment);
    assert.equal(code, 0, text);
    const url = new URL(/--url (\S+)/.exec(text)?.[1] ?? '');
    assert.equal(decodeURIComponent(url.password), awkward);
    assert.deepEqual(
      [url.username, url.host, url.pathname],
      ['%64%62%5f%6d%69%67%72%61%74%6f%72', 'peakstone-postgres:5432', '/%70%6f%73%74%67%72%65%73'],
    );
  });

  it('fill pgAdmin’s password file as its library reads it, for nobody else to read', async () => {
    const { command, environment, files } = fillContainer({}, 'admin', {
      POSTGRES_SUPERPASS: awkward,
      PGADMIN_EMAIL: 'me@shop.test',
    });
    writeFile(shop.folder, 'pgpass', files.get('/pgadmin4/pgpass') ?? '');
    chmodSync(writeFile(shop.folder, 'entrypoint.sh', '#!/bin/sh\nexit 0\n'), 0o755);
    const here = command.map(part =>
      part
        .replaceAll('/pgadmin4/pgpass', `${shop.folder}/pgpass`)
        .replaceAll('/var/lib/pgadmin', `${shop.folder}/data`)
        .replaceAll('/entrypoint.sh', `${shop.folder}/entrypoint.sh`),
    );
    const { code, text } = await shop.run(here, environment);
    assert.equal(code, 0, text);
    const path = join(shop.folder, 'data/storage/me_shop.test/.pgpass');
    const escaped = awkward.replaceAll(/[\\:]/g, '\\$&');
    assert.equal(readFileSync(path, 'utf8').split('\n')[0], `peakstone-postgres:5432:*:postgres:${escaped}`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('hand GraphQL its password beside the URL, and PgCat its own where nothing is an escape', () => {
    const { environment } = fillContainer({}, 'graphql', { HASURA_DB_PASSWORD: awkward });
    assert.equal(environment.PGPASSWORD, awkward);
    assert.equal(
      environment.HASURA_GRAPHQL_DATABASE_URL,
      'postgres://hasura@peakstone-postgres:5432/postgres?sslmode=disable',
    );
    const { files } = fillContainer({}, 'pooler', { HASURA_DB_PASSWORD: awkward });
    assert.ok(files.get('/etc/pgcat.toml')?.includes(`password = '''${awkward}'''`));
  });
});
