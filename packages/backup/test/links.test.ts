/** A restored folder belongs to the server's user, who may put links there, and root restores it: they lead root nowhere. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { restoreBackup } from '../src/index.ts';
import { type Lab, openLab } from './lab.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'only root may do more than the server’s user';

describe('links that the server’s user puts into a folder which root restores', { skip: needsRoot }, () => {
  let lab: Lab;
  before(async () => {
    lab = await openLab();
    await lab.sql.script(`insert into ledger values (1, 'kept')`);
    await lab.backUp();
  });
  after(() => lab.close());

  /** Runs a script as the server's user; its exit code. */
  function asOwner(script: string, ...args: string[]): number | null {
    const { uid, gid } = lab.owner!;
    return spawnSync('/bin/sh', ['-ec', script, 'sh', ...args], { cwd: '/', uid, gid }).status;
  }

  it('cannot be put there before it is laid out, and are not followed afterwards', async () => {
    const secret = path.join(lab.folder, 'secret');
    writeFileSync(secret, 'root’s\n', { mode: 0o600 });
    const treasure = path.join(lab.folder, 'treasure');
    mkdirSync(treasure, { mode: 0o755 });
    writeFileSync(path.join(treasure, 'kept'), '');
    const into = path.join(lab.folder, 'into');
    const root = () =>
      path.join(lab.folder, readdirSync(lab.folder).find(name => name.startsWith('into.restoring-'))!);
    let triedToEnter = 0;
    await restoreBackup({
      ...{ vault: await lab.vault(), into, owner: lab.owner!, target: { kind: 'latest' }, start: lab.start },
      onEvent: event => {
        if (event.kind !== 'fetchingWal' && event.kind !== 'restoring') return;
        triedToEnter++;
        assert.notEqual(asOwner('cd "$1"', path.join(root(), 'postgres')), 0);
      },
      inspect: async () => {
        const script = `
          cd "$1"; ln -s "$2" planted; ln -snf "$2" recovery.signal; ln -snf "$2" postgresql.auto.conf
          ln -s "$3" linked; ln -s "$3" ../run/linked; ln -s "$2" ../run/planted`;
        assert.equal(asOwner(script, path.join(root(), 'postgres'), secret, treasure), 0);
      },
      signal: new AbortController().signal,
    });
    assert.ok(triedToEnter >= 2);
    assert.deepEqual(
      [statSync(secret).uid, statSync(secret).mode & 0o777, readFileSync(secret, 'utf8')],
      [0, 0o600, 'root’s\n'],
    );
    assert.equal(existsSync(path.join(treasure, 'kept')), true);
    assert.equal(statSync(treasure).uid, 0);
    assert.equal(statSync(path.join(into, 'postgresql.auto.conf')).uid, lab.owner!.uid);
    assert.deepEqual(
      readdirSync(lab.folder).filter(name => name.startsWith('into.')),
      [],
    );
  });

  it('have no place where a restore begins in a folder of that user: it is refused, and nothing made', async () => {
    const above = path.join(lab.folder, 'above');
    mkdirSync(above);
    chownSync(above, lab.owner!.uid, lab.owner!.gid);
    const options = { vault: await lab.vault(), owner: lab.owner!, target: { kind: 'latest' } as const };
    for (const into of [path.join(above, 'into'), path.join(above, 'deep', 'into')])
      await assert.rejects(
        restoreBackup({ ...options, into, onEvent: () => undefined, signal: new AbortController().signal }),
        { code: 'PLACE' },
      );
    assert.deepEqual(readdirSync(above), []);
  });
});
