import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asCalled } from './called.ts';

describe('commands in a message', () => {
  const npm = { npm_execpath: '/usr/lib/node_modules/npm/bin/npm-cli.js' };

  it('are given as a user of npm can type them', () => {
    assert.equal(asCalled(`Start it with 'peakstone up'.`, npm), `Start it with 'npx peakstone up'.`);
    assert.equal(
      asCalled('peakstone logs, npx peakstone down', npm),
      'npx peakstone logs, npx peakstone down',
    );
  });

  it('leave folders, packages and the name alone', () => {
    const text = 'PeakStone runs in /srv/peakstone beside @peakstone/rest; .peakstone is its data';
    assert.equal(asCalled(text, npm), text);
  });

  it('stand as they are where the shell finds the command', () => {
    assert.equal(asCalled('peakstone down', {}), 'peakstone down');
  });
});
