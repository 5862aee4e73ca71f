/** The deployed stack's job: the same variables and the same path as Atlas' container. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('the job atlas-migrate', () => {
  const project = new Project();
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase({ bootstrap: true });
    mkdirSync(join(project.folder, 'm'));
  });
  after(async () => {
    await database.drop();
    rmSync(project.folder, { recursive: true });
  });
  const job = (env: Record<string, string>) => project.run(['atlas-migrate', '--dir', 'm'], '', env);

  it('has nothing to do without migrations', async () => {
    const { code, stderr } = await job({});
    assert.equal(code, 0);
    assert.match(stderr, /no migrations in .*; nothing to do/);
  });

  it('applies them in a database that holds other things, where ATLAS_URL or the PG variables say', async () => {
    writeFileSync(join(project.folder, 'm/1_films.sql'), 'create table public.films (id int);\n');
    const url = database.roleUrl('db_migrator');
    assert.match((await job({ ATLAS_URL: url })).stderr, /checksum file not found/);
    await project.run(['migrate', 'hash', '--dir', 'm']);
    const first = await job({ ATLAS_URL: url });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /-- migrating version 1\n/);
    const { hostname, port, username, password, pathname, searchParams } = new URL(url);
    const again = await job({
      PGHOST: searchParams.get('host') ?? hostname,
      PGPORT: searchParams.get('port') ?? port,
      PGUSER: decodeURIComponent(username),
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: decodeURIComponent(pathname.slice(1)),
    });
    assert.equal(again.stdout, 'No migration files to execute\n', again.stderr);
  });

  it('fails where a migration does, with the place', async () => {
    writeFileSync(join(project.folder, 'm/2_bad.sql'), 'create table public.half (id int);\nselect nope;\n');
    await project.run(['migrate', 'hash', '--dir', 'm']);
    const { code, stderr } = await job({ ATLAS_URL: database.roleUrl('db_migrator') });
    assert.equal(code, 1);
    assert.match(stderr, /2_bad\.sql:2:8: column "nope" does not exist/);
  });
});
