import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import type { StackStatus } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

/** A stack that has been made and is stopped again. */
async function madeStack(project: Project): Promise<string> {
  await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
  await project.run(['down']);
  return join(project.folder, '.peakstone');
}

describe('peakstone down --delete-data', () => {
  it('stops the stack and removes its data, but neither secrets nor what it did not make', async () => {
    const project = new Project();
    await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
    const data = join(project.folder, '.peakstone');
    const refused = await project.run(['down', '--delete-data']);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /All data in .*\.peakstone will be lost\. Nothing was done\.\nhint: .*--yes/,
    );
    assert.equal((await project.run(['status'])).code, 0);
    writeFileSync(join(data, 'mine.txt'), 'kept');
    const { code, stdout } = await project.run(['down', '--delete-data', '--yes', '--json']);
    assert.equal(code, 0);
    assert.ok((JSON.parse(stdout) as { removed: string[] }).removed.includes(join(data, 'postgres')));
    assert.deepEqual(readdirSync(data), ['mine.txt']);
    assert.ok(existsSync(join(project.folder, '.env')));
    rmSync(join(data, 'mine.txt'));
    assert.equal((await project.run(['down', '--delete-data', '--yes'])).code, 0);
    rmSync(project.folder, { recursive: true });
  });

  it('refuses a folder that another server uses, and one that is not PeakStone’s', async () => {
    const project = new Project();
    const data = await madeStack(project);
    const foreign = mkdtempSync(join(tmpdir(), 'peakstone-foreign-'));
    const precious = join(foreign, 'postgres');
    renameSync(join(data, 'postgres'), precious);
    symlinkSync(precious, join(data, 'postgres'));
    const linked = await project.run(['down', '--delete-data', '--yes']);
    assert.equal(linked.code, 1);
    assert.match(linked.stderr, /is a link that PeakStone did not make.*\nhint: {2}Nothing was removed/);
    assert.ok(existsSync(join(precious, 'PG_VERSION')));
    assert.ok(existsSync(join(data, 'lock')));
    rmSync(join(data, 'postgres'));
    mkdirSync(join(data, 'postgres'));
    writeFileSync(join(data, 'postgres', 'letter.txt'), 'dear');
    const other = await project.run(['down', '--delete-data', '--yes']);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /it holds other files/);
    assert.ok(existsSync(join(data, 'postgres', 'letter.txt')));
    // Another stack's data, while that runs.
    const running = new Project();
    await running.json('up', '--detach', '--port-base', String(await reservePorts(4)));
    const used = await project.run(['down', '--delete-data', '--yes'], '', {
      DATABASE_DIR: join(running.folder, '.peakstone', 'postgres'),
    });
    assert.equal(used.code, 1);
    assert.match(used.stderr, /is using|already running/);
    assert.equal((await running.run(['sql', 'select 1'])).code, 0);
    await running.close();
    rmSync(project.folder, { recursive: true });
    rmSync(foreign, { recursive: true });
  });

  it('finds the data in the system’s folder, where the project is closed to PostgreSQL’s user', {
    skip: process.getuid?.() === 0 ? false : 'only root’s PostgreSQL is another user',
  }, async () => {
    const closed = mkdtempSync(join(tmpdir(), 'peakstone-closed-'));
    const project = new Project({}, closed);
    await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
    const link = join(closed, '.peakstone', 'postgres');
    assert.ok(lstatSync(link).isSymbolicLink());
    const real = readlinkSync(link);
    const { elsewhere } = await project.json<StackStatus>('status');
    assert.deepEqual(elsewhere, { postgres: real });
    assert.match((await project.run(['status'])).stdout, /Data of postgres are in \/var\/lib\/peakstone\//);
    const refused = await project.run(['down', '--delete-data']);
    assert.ok(refused.stderr.includes(real));
    assert.equal((await project.run(['down', '--delete-data', '--yes'])).code, 0);
    assert.equal(existsSync(dirname(real)), false);
    assert.equal(existsSync(join(closed, '.peakstone')), false);
    rmSync(closed, { recursive: true });
  });

  it('removes them there also when .peakstone was removed by hand, but never when it was moved', {
    skip: process.getuid?.() === 0 ? false : 'only root’s PostgreSQL is another user',
  }, async () => {
    const closed = mkdtempSync(join(tmpdir(), 'peakstone-closed-'));
    const project = new Project({}, closed);
    const data = await madeStack(project);
    const home = dirname(readlinkSync(join(data, 'postgres')));

    // What holds the link may be wanted again.
    renameSync(data, `${data}.kept`);
    const kept = await project.run(['down', '--delete-data', '--yes']);
    assert.equal(kept.code, 1);
    assert.match(kept.stderr, /Nothing was removed, as a project that was moved would lose them/);
    renameSync(`${data}.kept`, data);

    // A project of the same name, where another was moved away.
    const elsewhere = `${closed}-moved`;
    renameSync(closed, elsewhere);
    mkdirSync(closed);
    assert.equal((await project.run(['down', '--delete-data', '--yes'])).code, 1);
    assert.ok(existsSync(join(home, 'postgres', 'PG_VERSION')));
    rmSync(closed, { recursive: true });
    // Its own from the next start on.
    const moved = new Project({}, elsewhere);
    await madeStack(moved);

    rmSync(join(elsewhere, '.peakstone'), { recursive: true });
    const asked = await moved.run(['down', '--delete-data']);
    assert.equal(asked.code, 2);
    assert.ok(asked.stderr.includes(`All data in ${home} will be lost. Nothing was done.`), asked.stderr);
    const { code, stdout } = await moved.run(['down', '--delete-data', '--yes', '--json']);
    assert.equal(code, 0);
    assert.deepEqual((JSON.parse(stdout) as { removed: string[] }).removed, [home]);
    assert.equal(existsSync(home), false);
    assert.deepEqual(JSON.parse((await moved.run(['down', '--delete-data', '--yes', '--json'])).stdout), {
      stopped: false,
      removed: [],
    });
    rmSync(elsewhere, { recursive: true });
  });
});
