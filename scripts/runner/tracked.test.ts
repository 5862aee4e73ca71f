import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { trackedFiles } from './tracked.ts';

const ROOT = path.dirname(path.dirname(import.meta.dirname));
let clone: string;

/** A clone in which someone has worked: generated types, a second data folder, a file that was removed. */
before(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'peakstone-clone-'));
  cpSync(path.join(ROOT, 'biome.json'), path.join(clone, 'biome.json'));
  for (const file of ['kept.ts', 'removed.ts'])
    writeFileSync(path.join(clone, file), 'export const one = 1;\n');
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
  ])
    assert.equal(spawnSync('git', args, { cwd: clone }).status, 0);
  rmSync(path.join(clone, 'removed.ts'));
  writeFileSync(path.join(clone, 'database.ts'), 'export type A = {a:string}');
  mkdirSync(path.join(clone, 'x', 'postgres'), { recursive: true });
  writeFileSync(path.join(clone, 'x', 'state.json'), '{"a":1');
  chmodSync(path.join(clone, 'x', 'postgres'), 0);
});
after(() => rmSync(clone, { recursive: true, force: true }));

describe('what the checks look at', {
  skip: spawnSync('git', ['--version']).status !== 0 && 'needs git',
}, () => {
  it('is what git tracks and is there', () => {
    assert.deepEqual(trackedFiles(clone), ['biome.json', 'kept.ts']);
  });

  it('is everything where there is no repository', () => {
    const folder = path.join(clone, '..', `${path.basename(clone)}-copy`);
    mkdirSync(folder);
    try {
      assert.deepEqual(trackedFiles(folder), ['.']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('lets Biome pass beside generated types and a data folder', () => {
    const biome = path.join(ROOT, 'node_modules', '.bin', 'biome');
    const check = (files: readonly string[]) =>
      spawnSync(process.execPath, [biome, 'check', '--diagnostic-level=warn', ...files], {
        cwd: clone,
        encoding: 'utf8',
      });
    assert.notEqual(check(['.']).status, 0);
    const { status, stderr } = check(trackedFiles(clone));
    assert.equal(status, 0, stderr);
  });
});
