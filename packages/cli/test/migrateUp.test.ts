/** `up` applies what is new in the project's migrations. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StackStatus } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project, untilHealthy } from './cli.ts';

describe('a start of a project with migrations', () => {
  const project = new Project();
  let ports = 0;
  const up = async (...options: string[]): Promise<string> => {
    const { code, stderr } = await project.run(['up', '--detach', '--port-base', String(ports), ...options]);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  const down = () => project.run(['down']);
  const tables = async (): Promise<string> => (await project.run(['sql', '--csv', '\\dt'])).stdout;
  const write = (name: string, text: string): void => writeFileSync(join(project.folder, name), text);

  before(async () => {
    ports = await reservePorts(4);
    await project.run(['init']);
  });
  after(() => project.close());

  it('applies them, says which, and has nothing to do the next time', async () => {
    assert.match(await up(), /Applied of migrations: 0001_notes\.sql\./);
    assert.match(await tables(), /public,notes/);
    await down();
    assert.doesNotMatch(await up(), /Applied|Migrations:/);
    await down();
  });

  it('comes up all the same when they cannot be applied, and says what to do', async () => {
    write('migrations/0002_bad.sql', 'select nope;\n');
    assert.match(
      await up(),
      /Migrations: migrations is not as its atlas\.sum says: 0002_bad\.sql was added; nothing was applied/,
    );
    await project.run(['migrate', 'hash']);
    await down();
    assert.match(await up(), /Migrations: 0002_bad\.sql:1:8: column "nope" does not exist/);
    const told = await project.run(['status']);
    assert.equal(told.code, 4, told.stdout);
    assert.match(told.stdout, /Migrations were not applied at the start: 0002_bad\.sql:1:8: column "nope"/);
    const examined = await project.run(['doctor']);
    assert.equal(examined.code, 4, examined.stdout);
    assert.match(examined.stdout, /fail +Migrations +not applied at the start: 0002_bad\.sql:1:8/);
    await down();
    assert.doesNotMatch(await up('--no-migrate'), /Migrations:/);
  });

  it('says that files are pending until they are applied, by whomever', async () => {
    assert.equal((await project.run(['status'])).code, 0);
    assert.match(
      (await project.run(['doctor'])).stdout,
      /warn +Migrations +1 of migrations pending: 0002_bad\.sql/,
    );
    await down();
    await up();
    assert.equal((await project.json<StackStatus>('status')).healthy, false);
    write('migrations/0002_bad.sql', 'select 1;\n');
    await project.run(['migrate', 'hash']);
    assert.equal((await project.run(['status'])).code, 4);
    assert.equal((await project.run(['migrate', 'apply'])).code, 0);
    const { healthy, migrations } = await untilHealthy(project);
    assert.deepEqual([healthy, migrations], [true, null]);
    assert.doesNotMatch((await project.run(['doctor'])).stdout, /Migrations/);
  });

  it('applies a folder of Hasura’s, whose catalog is another role’s', async () => {
    const step = join(project.folder, 'hasura/migrations/default/1_first');
    mkdirSync(step, { recursive: true });
    writeFileSync(join(step, 'up.sql'), 'create table public.of_hasura (id int);\n');
    const dir = ['--dir', 'hasura/migrations'];
    assert.match((await project.run(['migrate', 'status', ...dir])).stdout, /Pending Files: {3}1\n/);
    const { code, stderr } = await project.run(['migrate', 'apply', ...dir]);
    assert.equal(code, 0, stderr);
    assert.match((await project.run(['migrate', 'status', ...dir])).stdout, /Status: OK/);
    assert.match(await tables(), /public,of_hasura/);
    assert.match((await project.run(['migrate', 'hash', ...dir])).stderr, /has no sums/);
  });
});
