import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { root } from '../commands/index.ts';
import { asCalled, commandNames } from './called.ts';

describe('commands in a message', () => {
  const project = mkdtempSync(join(tmpdir(), 'peakstone-called-'));
  const below = join(project, 'src');
  mkdirSync(join(project, 'node_modules', '.bin'), { recursive: true });
  mkdirSync(below);
  writeFileSync(join(project, 'node_modules', '.bin', 'peakstone'), '');
  after(() => rmSync(project, { recursive: true }));
  const npm = { npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };

  it('are given as they were called in a clone', () => {
    const env = { ...npm, PEAKSTONE_CALLED: './peakstone' };
    assert.equal(asCalled(`Start it with 'peakstone up'.`, env), `Start it with './peakstone up'.`);
    assert.equal(asCalled('peakstone down', { PEAKSTONE_CALLED: '/a $& b' }), `'/a $& b' down`);
  });

  it('are npx’s for those who called it so, and in scripts of a project that has the package', () => {
    assert.equal(asCalled('peakstone up', { ...npm, npm_command: 'exec' }, '/'), 'npx peakstone up');
    for (const cwd of [project, below])
      assert.equal(
        asCalled('peakstone logs, npx peakstone down', { ...npm, npm_command: 'run-script' }, cwd),
        'npx peakstone logs, npx peakstone down',
      );
  });

  it('never send npx to the registry for a package that is not there', () => {
    assert.equal(asCalled('peakstone up', { ...npm, npm_command: 'run-script' }, '/'), 'peakstone up');
  });

  it('leave folders, packages and the name alone', () => {
    const text = 'PeakStone runs in /srv/peakstone beside @peakstone/rest; .peakstone is its data';
    assert.equal(asCalled(text, npm, project), text);
  });

  it('are commands that there are: the engine of that name is none', () => {
    const env = { ...npm, npm_command: 'exec' };
    const text =
      "'on' cannot serve it; peakstone or upstream can. peakstone updates nothing; peakstone up does";
    assert.equal(asCalled(text, env, '/'), text.replace('peakstone up does', 'npx peakstone up does'));
    // Where a line of help ends.
    assert.equal(asCalled('Start it: peakstone\nup.', env, '/'), 'Start it: npx peakstone\nup.');
    assert.deepEqual(
      commandNames,
      root.commands?.map(({ name }) => name),
    );
  });

  it('stand as they are where the shell finds the command', () => {
    assert.equal(asCalled('peakstone down', {}, project), 'peakstone down');
  });
});
