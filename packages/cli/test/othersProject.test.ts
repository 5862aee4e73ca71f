/** In a project of another user of the machine nothing is written, be it before what is in it is refused. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { otherUsersCannot, STRANGER } from '@peakstone/testing';
import { Project } from './cli.ts';

/** Every command that writes into a project. */
const writers = [
  'init',
  'up --detach',
  'up',
  'secrets rotate JWT_SECRET',
  'backup schedule on',
  'backup create',
  'backup restore --yes',
  'deploy env',
  'deploy compose',
  'migrate new films',
  'migrate hash',
  'migrate diff films',
  'gen types',
  'down --delete-data --yes',
];

describe("another user's project", { skip: otherUsersCannot() }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-others-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o1777);
  const script = 'mkdir -p "$1/p/migrations"; echo "export default {}" > "$1/p/peakstone.config.ts"';
  const { status } = spawnSync('/bin/sh', ['-ec', script, 'sh', folder], { cwd: '/', ...STRANGER });
  assert.equal(status, 0);
  const project = new Project({}, path.join(folder, 'p'));

  for (const line of writers)
    it(`is as it was after peakstone ${line}, which says whose it is`, async () => {
      const { code, stderr } = await project.run(line.split(' '));
      assert.notEqual(code, 0);
      assert.match(stderr, /belongs to user id 65534/);
      assert.deepEqual(readdirSync(project.folder).sort(), ['migrations', 'peakstone.config.ts']);
      assert.deepEqual(readdirSync(path.join(project.folder, 'migrations')), []);
    });
});
