/** A restored data folder in the place of another, and what a kill between leaves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DatabaseError } from '@peakstone/database';
import { stackPaths } from '../src/project/paths.ts';
import { beforeStart, examineFiles } from '../src/services/postgres/plan.ts';
import { besideOf, finishReplacement, replaceData } from '../src/services/postgres/replacement.ts';

const module = fileURLToPath(new URL('../src/services/postgres/replacement.ts', import.meta.url));

describe('a restored database in the place of another', () => {
  let top = '';
  let folder = '';
  let place = '';
  before(() => {
    top = mkdtempSync(join(tmpdir(), 'peakstone-replacement-'));
  });
  after(() => rmSync(top, { recursive: true, force: true }));
  beforeEach(() => {
    folder = mkdtempSync(join(top, 'stack-'));
    place = join(folder, '.peakstone', 'postgres');
  });
  const database = (at: string, name: string): void => {
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'PG_VERSION'), '17\n');
    writeFileSync(join(at, 'name'), name);
  };
  const nameIn = (at: string): string => readFileSync(join(at, 'name'), 'utf8');
  const names = (): string[] => readdirSync(join(folder, '.peakstone')).sort();

  /** In a process of its own, which is killed after so many renames. */
  const killedAfter = (renames: number, fresh: string, kept: string | null): void => {
    const program = `
      import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { renameSync } = fs;
      let left = ${renames};
      fs.renameSync = (...names) => {
        if (left-- === 0) process.kill(process.pid, 'SIGKILL');
        renameSync(...names);
      };
      syncBuiltinESMExports();
      const { replaceData } = await import(${JSON.stringify(module)});
      replaceData(...${JSON.stringify([place, fresh, kept])});
      process.kill(process.pid, 'SIGKILL');`;
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
    assert.equal(signal, 'SIGKILL', String(stderr));
  };

  it('is there, and the old one beside it, wherever a kill comes', () => {
    for (const renames of [0, 1, 2, 3]) {
      rmSync(join(folder, '.peakstone'), { recursive: true, force: true });
      const { fresh, kept } = besideOf(place, '20261128T100000Z');
      database(place, 'old');
      database(fresh, 'restored');
      killedAfter(renames, fresh, kept);
      const notices = beforeStart(stackPaths(folder), {});
      if (renames === 0) {
        // Nothing was written down yet: the old one is where it was, and nobody has said that it shall go.
        assert.deepEqual([nameIn(place), nameIn(fresh), notices], ['old', 'restored', []]);
        continue;
      }
      assert.deepEqual([nameIn(place), nameIn(kept)], ['restored', 'old'], String(renames));
      assert.deepEqual(
        names().filter(name => !name.includes('replacing.')),
        ['postgres', 'postgres.before-20261128T100000Z'],
      );
      if (renames < 3)
        assert.match(notices.join(), /brought to its end: the restored database is in .*, the one/);
      assert.deepEqual(beforeStart(stackPaths(folder), {}), []);
    }
  });

  it('is there also where there was none before', async () => {
    const { fresh } = besideOf(place, '20261128T100000Z');
    database(fresh, 'restored');
    killedAfter(1, fresh, null);
    assert.ok(!existsSync(place));
    const [check] = await examineFiles(stackPaths(folder), {});
    assert.match(`${check?.found} ${check?.todo}`, /a restore was broken off .*peakstone up/);
    assert.match(finishReplacement(place)!, /brought to its end/);
    assert.equal(nameIn(place), 'restored');
  });

  it('never takes the place of one that runs by now, and gives the old one back where it is gone itself', () => {
    const { fresh, kept } = besideOf(place, '20261128T100000Z');
    database(place, 'old');
    database(fresh, 'restored');
    killedAfter(1, fresh, kept);
    writeFileSync(join(place, 'postmaster.pid'), '');
    assert.match(finishReplacement(place)!, /postgres is as it was, and the restored database in /);
    assert.equal(nameIn(place), 'old');
    rmSync(join(place, 'postmaster.pid'));
    killedAfter(2, fresh, kept);
    rmSync(fresh, { recursive: true });
    assert.match(finishReplacement(place)!, /the database from before it is in .*postgres again/);
    assert.equal(nameIn(place), 'old');
  });

  it('replaces as asked where nothing comes between, and leaves no trace of what was meant', () => {
    const { fresh, kept } = besideOf(place, '20261128T100000Z');
    database(place, 'old');
    database(fresh, 'restored');
    replaceData(place, fresh, kept);
    assert.deepEqual([nameIn(place), nameIn(kept)], ['restored', 'old']);
    assert.equal(names().length, 2);
    const gone = join(folder, '.peakstone', 'postgres.restored-nothing');
    assert.throws(() => replaceData(place, gone, `${kept}2`), /ENOENT/);
    assert.equal(nameIn(place), 'restored');
    assert.equal(names().length, 2);
  });

  it('is only ever one beside it: what somebody else has written down leads nowhere', () => {
    for (const intent of [
      'null',
      '{',
      '{"fresh":"../../elsewhere","kept":null}',
      '{"fresh":"postgres.restored-1","kept":"postgres.before-/../../x"}',
    ]) {
      database(place, 'old');
      database(`${place}.restored-1`, 'other');
      writeFileSync(`${place}.replacing`, intent);
      assert.equal(finishReplacement(place), undefined, intent);
      assert.equal(nameIn(place), 'old');
    }
  });

  it('is not begun anew beside one that only is not in its place, which doctor says as well', async () => {
    const paths = stackPaths(folder);
    for (const name of ['postgres.before-20261128T100000Z', 'postgres.restored-20261128T110000Z'])
      database(join(folder, '.peakstone', name), name);
    assert.throws(
      () => beforeStart(paths, {}),
      (error: DatabaseError) =>
        /no new, empty one is made/.test(error.message) &&
        error.hint.includes(`mv ${place}.restored-20261128T110000Z ${place}.`),
    );
    const [check] = await examineFiles(paths, {});
    assert.match(check?.found ?? '', /no new, empty one is made/);
  });

  it('is not begun anew without a word where the stack has backed one up', () => {
    const paths = stackPaths(folder);
    mkdirSync(paths.data, { recursive: true });
    assert.deepEqual(beforeStart(paths, {}), []);
    const written = [{ place: 's3://bucket/shop', cluster: '7000000000000000001' }];
    writeFileSync(join(paths.data, 'backup-writer.json'), JSON.stringify({ id: 'x', written }));
    assert.match(
      beforeStart(paths, {}).join(),
      /a new, empty one is begun\. To have that one back: .*--cluster 7/,
    );
    database(place, 'there');
    assert.deepEqual(beforeStart(paths, {}), []);
  });
});
