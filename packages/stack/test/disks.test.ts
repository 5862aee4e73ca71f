import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { checkDisks, judgeRoom } from '../src/operate/doctor/disks.ts';
import { examine } from '../src/operate/doctor/index.ts';
import { stackPaths } from '../src/project/paths.ts';

const root = mkdtempSync(join(tmpdir(), 'peakstone-disks-'));
after(() => rmSync(root, { recursive: true }));
const paths = stackPaths(root);

/** A folder on another disk than the temporary one. */
const other = '/dev/shm';
const noOther =
  existsSync(other) && statSync(other).dev !== statSync(root).dev
    ? false
    : 'this machine has no second file system that everybody may write to';

describe('the doctor measures the disks', () => {
  const disksOf = async (env: Readonly<Record<string, string>> = {}) =>
    (await examine(paths, env)).flatMap(({ title, found }) => (title === 'Disk' ? [found] : []));

  it('of all that a stack fills, each once, before anything of it is there', async () => {
    const [found, ...others] = await disksOf();
    assert.deepEqual(others, []);
    assert.match(
      found!,
      /^\d+ MB free at \S+, for data, log files, temporary files, the database and objects$/,
    );
  });

  it('of the backup store and its tests, of the database and of objects, wherever settings put them', {
    skip: noOther,
  }, async () => {
    for (const [setting, value, what] of [
      ['BACKUP_STORE', `${other}/store`, 'backups'],
      ['BACKUP_SCRATCH', other, 'tests of backups'],
      ['DATABASE_DIR', `${other}/pg`, 'the database'],
      ['PEAKSTONE_STORAGE_DIR', `${other}/objects`, 'objects'],
    ] as const) {
      const found = await disksOf({ BACKUP_STORE: 'backups', [setting]: value });
      assert.equal(found.length, 2, setting);
      assert.match(found[1]!, new RegExp(`^\\d+ MB free at ${other}, for ${what}$`));
    }
  });

  it('of a log folder that is a link to another disk', { skip: noOther }, () => {
    const found = checkDisks([
      { what: 'data', place: root },
      { what: 'logs', place: join(other, 'not', 'there', 'yet') },
    ]);
    assert.deepEqual(
      found.map(check => check.found.replace(/^\d+/, 'N')),
      [`N MB free at ${root}, for data`, `N MB free at ${other}, for logs`],
    );
  });

  it('and says where room gets short, and where it is gone', () => {
    const levels = [3000, 1000, 100].map(mb => judgeRoom(mb * 1024 * 1024, '/mnt/store, for backups').level);
    assert.deepEqual(levels, ['ok', 'warn', 'fail']);
    assert.equal(judgeRoom(0, '/mnt/store, for backups').found, '0 MB free at /mnt/store, for backups');
  });
});
