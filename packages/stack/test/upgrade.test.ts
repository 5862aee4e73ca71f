import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { stackPaths } from '../src/project/paths.ts';
import { startStack } from '../src/run/stack.ts';
import { changes, recordVersion, upgradeNotes } from '../src/run/upgrade.ts';

const root = mkdtempSync(join(tmpdir(), 'peakstone-upgrade-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
function stack(record?: unknown) {
  const paths = stackPaths(join(root, String(++count)));
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  if (record !== undefined)
    writeFileSync(
      join(paths.data, 'version.json'),
      typeof record === 'string' ? record : JSON.stringify(record),
    );
  return paths;
}

describe('a start after another version', () => {
  it('says nothing to a new stack, nor to one that this version has run', () => {
    const paths = stack();
    assert.deepEqual(upgradeNotes(paths, true), []);
    recordVersion(paths);
    assert.deepEqual(upgradeNotes(paths, false), []);
  });

  it('does not take a first start that was interrupted for an earlier version', async () => {
    const paths = stackPaths(join(root, String(++count)));
    mkdirSync(paths.project, { mode: 0o700 });
    const signal = AbortSignal.abort();
    await assert.rejects(startStack({ cwd: paths.project, env: {}, signal, onEvent: () => undefined }));
    assert.ok(existsSync(paths.lock));
    assert.deepEqual(upgradeNotes(paths, false), []);
  });

  it('tells a stack from before versions were recorded everything', () => {
    assert.deepEqual(upgradeNotes(stack(), false).slice(1), changes);
  });

  it('tells what came since, until a start has succeeded', () => {
    const paths = stack({ version: '0.0.1', changes: changes.length - 1 });
    for (let i = 0; i < 2; i++) {
      const [first, ...rest] = upgradeNotes(paths, false);
      assert.match(String(first), /last run by version 0\.0\.1/);
      assert.deepEqual(rest, changes.slice(-1));
    }
    recordVersion(paths);
    assert.deepEqual(upgradeNotes(paths, false), []);
  });

  it('warns where the other version was newer', () => {
    const paths = stack({ version: '9.0.0', changes: changes.length + 2 });
    assert.match(upgradeNotes(paths, false).join(), /version 9\.0\.0, which is newer/);
  });

  it('takes a damaged record for none', () => {
    for (const record of ['', '{', {}, { version: 1, changes: 'x' }])
      assert.equal(upgradeNotes(stack(record), false).length, changes.length + 1);
  });
});
