import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connectClient } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { abandonImport, importDump } from '@peakstone/transfer';
import type { EnvValues } from '../src/project/envFile.ts';
import { services } from '../src/services/index.ts';
import { examineDatabase } from '../src/services/postgres/examine.ts';

describe('the doctor’s look at the database', () => {
  let database: TestDatabase;
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-doctor-'));
  before(async () => {
    database = await testDatabase({ bootstrap: true, schemas: ['public'] });
  });
  after(async () => {
    await database.drop();
    rmSync(folder, { recursive: true });
  });
  const examine = async (title: string, settings: EnvValues = {}) => {
    const env = { ...settings, DATABASE_ENGINE: database.superuserUrl };
    const served = services.flatMap(({ local }) => (local?.serves ? [local.serves(env)] : []));
    return (await examineDatabase({ env, ports: {}, served })).filter(check => check.title === title);
  };

  it('goes over the schemas that any API serves, GraphQL’s as well as REST’s', async () => {
    const client = await connectClient({ url: database.superuserUrl });
    await client.script(`create schema api authorization db_migrator; create schema aside authorization db_migrator;
      grant usage on schema api, aside to app_user;
      create table public.seen (id int); create table aside.hidden (id int); create table api.open (id int);
      grant select on public.seen, aside.hidden, api.open to app_user`);
    client.close();
    const open = async (settings: EnvValues) =>
      (await examine('Row security', settings)).map(({ found }) => found.split(' ')[0]);
    assert.deepEqual(await open({}), ['public.seen']);
    assert.deepEqual(await open({ PGRST_DB_SCHEMAS: 'api' }), ['api.open', 'public.seen']);
    assert.deepEqual(await open({ PGRST_DB_SCHEMAS: 'api', PEAKSTONE_GRAPHQL_SCHEMAS: 'aside' }), [
      'api.open',
      'aside.hidden',
    ]);
    // By metadata, its permissions decide.
    const byMetadata = { PGRST_DB_SCHEMAS: 'api', PEAKSTONE_GRAPHQL_AUTHORIZATION: 'metadata' };
    assert.deepEqual(await open(byMetadata), ['api.open']);
  });

  it('tells of an import that was ended in its middle, and how to go on with it or give it up', async () => {
    assert.deepEqual(await examine('Import'), []);
    const addresses = { adminUrl: database.superuserUrl, ownerUrl: database.roleUrl('db_migrator') };
    const file = join(folder, 'ended.sql');
    writeFileSync(
      file,
      'create table public.half (id int);\nselect pg_terminate_backend(pg_backend_pid());\nRESET ALL;\n',
    );
    await assert.rejects(importDump({ ...addresses, origin: 'postgres', files: [file] }));
    const [check, ...others] = await examine('Import');
    assert.deepEqual(others, []);
    assert.equal(check?.level, 'warn');
    assert.match(check.found, /^one of \S+ended\.sql was ended in its middle$/);
    assert.match(
      check.todo ?? '',
      /give the same command again: .*ended\.sql\. To give it up.*: peakstone import abandon; with --undo, that is removed$/,
    );
    const going = await connectClient({ url: database.roleUrl('db_migrator') });
    await going.script(`select pg_advisory_lock(${0x5053_494d})`);
    assert.match((await examine('Import'))[0]?.found ?? '', /is under way$/);
    going.close();
    await abandonImport(addresses);
    assert.deepEqual(await examine('Import'), []);
  });
});
