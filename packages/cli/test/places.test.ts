import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('a stack is the one of its project, wherever a command is typed', () => {
  const project = new Project();
  const other = new Project();
  /** Data outside of the project. */
  const outside = join(mkdtempSync(join(tmpdir(), 'peakstone-outside-')), 'data');
  let base: number;
  let outsideBase: number;
  before(async () => {
    base = await reservePorts(8);
    outsideBase = await reservePorts(8);
    await project.json('up', '--detach', '--port-base', String(base));
    await project.json('up', '--detach', '--port-base', String(outsideBase), '--data', outside);
    // Secrets of its own, which must not be taken for the others'.
    writeFileSync(join(other.folder, '.env'), `JWT_SECRET=${'x'.repeat(64)}\nDB_MIGRATOR_PASSWORD=wrong\n`);
  });
  after(async () => {
    await project.run(['down', '--data', outside]);
    await project.close();
    rmSync(other.folder, { recursive: true });
    rmSync(outside, { recursive: true });
  });
  const answers = async (token: string, port: number): Promise<number> =>
    (
      await fetch(`http://127.0.0.1:${port}/rest/v1/`, {
        headers: { authorization: `Bearer ${token.trim()}` },
      })
    ).status;

  it('finds the project from a folder below it', async () => {
    const below = join(project.folder, 'src', 'deep');
    mkdirSync(below, { recursive: true });
    const inside = project.at(below);
    assert.equal((await inside.run(['sql', 'select 1'])).code, 0);
    assert.equal((await inside.json<{ data: string }>('status')).data, join(project.folder, '.peakstone'));
    const key = await inside.run(['secrets', 'jwt', 'anon']);
    assert.equal(key.stdout, (await project.run(['secrets', 'jwt', 'anon'])).stdout);
    assert.match((await inside.run(['up'])).stderr, /already runs in/);
  });

  it('takes the secrets of the project that a data folder belongs to', async () => {
    for (const [data, port] of [
      [join(project.folder, '.peakstone'), base],
      [outside, outsideBase],
    ] as const) {
      const token = await other.run(['secrets', 'jwt', 'service', '--data', data]);
      assert.equal(await answers(token.stdout, port), 200);
      assert.equal((await other.run(['sql', 'select 1', '--data', data])).code, 0);
      assert.equal((await other.run(['status', '--data', data])).code, 0);
    }
  });

  it('says so when that project is gone', async () => {
    const moved = `${project.folder}-moved`;
    renameSync(project.folder, moved);
    try {
      const { code, stderr } = await other.run(['secrets', 'jwt', 'anon', '--data', outside]);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /belongs to the project in .*, which is not there\.\nhint: {2}Its \.env holds the secrets/,
      );
      // Data within the project moved along with it.
      assert.equal(
        (await other.run(['secrets', 'jwt', 'anon', '--data', join(moved, '.peakstone')])).code,
        0,
      );
    } finally {
      renameSync(moved, project.folder);
    }
  });
});
