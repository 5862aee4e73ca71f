import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type Backup,
  type BackupError,
  createKeyring,
  generateKey,
  parseKey,
  readContents,
  readLastTest,
  testBackup,
  verifyBackups,
} from '../src/index.ts';
import { readLsn, segmentName, segmentOf } from '../src/lsn.ts';
import { type Lab, openLab } from './lab.ts';

describe('looking at what the store holds', () => {
  let lab: Lab;
  let full: Backup;
  let incremental: Backup;
  let beforeLast: Date;
  before(async () => {
    // Encrypted, as what leaves a machine is.
    lab = await openLab({ keys: createKeyring([parseKey(generateKey())!], true) });
    await lab.sql.script(`insert into ledger select g, repeat('x', 500) from generate_series(1, 2000) g`);
    full = await lab.backUp();
    const receiving = await lab.receive();
    await lab.sql.script('insert into ledger values (-1); select pg_switch_wal()');
    incremental = await lab.backUp('incremental');
    for (let round = 0; round < 3; round++) {
      if (round === 0) beforeLast = await lab.now();
      await lab.sql.script(`insert into ledger values (${-2 - round}); select pg_switch_wal()`);
    }
    await lab.sql.script('insert into ledger values (0)');
    await receiving.caughtUp();
    await receiving.stop();
  });
  after(() => lab.close());

  const { signal } = new AbortController();
  const look = async (deep = true) =>
    verifyBackups(await lab.vault(), { deep, onEvent: () => undefined, signal });
  const root = () => {
    const store = path.join(lab.folder, 'store');
    return path.join(store, readdirSync(store)[0]!);
  };
  /** Does something to a file of the store, looks, and puts it back. */
  const damaged = async (name: string, damage: (file: string) => void, deep = true) => {
    const file = path.join(root(), name);
    const bytes = readFileSync(file);
    try {
      damage(file);
      return await look(deep);
    } finally {
      writeFileSync(file, bytes);
    }
  };
  const problems = (found: Awaited<ReturnType<typeof look>>, id: string) =>
    found.backups.find(each => each.id === id)!.problems.join('\n');
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 0x10;
    writeFileSync(file, bytes);
  };
  const segments = () => {
    const folder = path.join(root(), 'wal/00000001');
    return readdirSync(folder)
      .filter(name => !name.endsWith('.partial'))
      .sort()
      .map(name => `wal/00000001/${name}`);
  };

  it('finds nothing wrong with what is whole', async () => {
    const found = await look();
    assert.deepEqual(found.backups, [
      { id: full.id, problems: [] },
      { id: incremental.id, problems: [] },
    ]);
    assert.deepEqual(found.walProblems, []);
    assert.ok(found.segments >= 4);
  });

  it('finds an object that was deleted, also for what stands on it, without reading anything', async () => {
    const found = await damaged(`base/${full.id}/000000`, file => rmSync(file), false);
    assert.match(problems(found, full.id), /base\/.*\/000000 is not in /);
    assert.match(problems(found, incremental.id), /base\/.*\/000000 is not in /);
  });

  it('finds a bit that is another, in files, in the manifest and in WAL', async () => {
    const files = await damaged(`base/${full.id}/000000`, flip);
    assert.match(problems(files, full.id), /is damaged: its bytes are not those that were written/);
    const manifest = await damaged(`base/${incremental.id}/manifest`, flip);
    assert.match(problems(manifest, incremental.id), /damaged/);
    assert.equal(problems(manifest, full.id), '');
    const wal = await damaged(segments().at(-1)!, flip);
    assert.match(wal.walProblems.join('\n'), /is damaged/);
  });

  it('finds an object that lies in another’s place', async () => {
    const [one, two] = segments().slice(-2) as [string, string];
    const found = await damaged(two, file => writeFileSync(file, readFileSync(path.join(root(), one))));
    assert.match(found.walProblems.join('\n'), /is damaged/);
  });

  it('finds WAL that is missing, of a backup’s own time and of the time after it', async () => {
    const all = segments();
    const between = await damaged(all.at(-2)!, file => rmSync(file), false);
    assert.match(between.walProblems.join('\n'), /nothing behind it can be reached/);
    assert.equal(problems(between, incremental.id), '');
    const { segmentBytes } = await lab.vault();
    const first = segmentName(full.timeline, segmentOf(readLsn(full.startLsn), segmentBytes), segmentBytes);
    const own = await damaged(all.find(name => name.includes(first))!, file => rmSync(file), false);
    assert.match(problems(own, full.id), /which .* needs, is not in /);
  });

  it('finds WAL that is missing at the end, which no restore passes over without a word', async () => {
    const folder = path.join(root(), 'wal/00000001');
    const partial = readdirSync(folder).find(name => name.endsWith('.partial'))!;
    const file = path.join(folder, partial);
    const bytes = readFileSync(file);
    const until = (await readContents(await lab.vault())).position!.coveredUntil;
    const isMissing = (error: BackupError) => error.code === 'MISSING' && /is not in /.test(error.message);
    rmSync(file);
    try {
      const found = await look(false);
      assert.match(found.walProblems.join('\n'), /nothing behind it can be reached/);
      await assert.rejects(lab.restore({}, 'select 1'), isMissing);
      await assert.rejects(lab.restore({ time: until }, 'select 1'), isMissing);
    } finally {
      writeFileSync(file, bytes);
    }
    const last = segments().at(-1)!;
    const gone = await damaged(last, each => rmSync(each), false);
    assert.match(gone.walProblems.join('\n'), /nothing behind it can be reached/);
  });

  it('reads the unfinished segment as well, and knows how much of it there must be', async () => {
    const name = readdirSync(path.join(root(), 'wal/00000001')).find(each => each.endsWith('.partial'))!;
    const flipped = await damaged(`wal/00000001/${name}`, flip);
    assert.match(flipped.walProblems.join('\n'), /\.partial in the store is damaged/);
    const vault = await lab.vault();
    const whole = (await vault.read(`wal/00000001/${name}`))!;
    await vault.write(`wal/00000001/${name}`, whole.subarray(0, 100));
    const short = await look();
    await vault.write(`wal/00000001/${name}`, whole);
    assert.match(short.walProblems.join('\n'), /goes up to .* only, and was stored further once/);
  });

  it('a damaged WAL segment stands in the way of what lies behind it, and of nothing before', async () => {
    const file = path.join(root(), segments().at(-1)!);
    const bytes = readFileSync(file);
    flip(file);
    try {
      const { rows } = await lab.restore({ time: beforeLast.toISOString() }, 'select min(id) from ledger');
      assert.deepEqual(rows, ['-1']);
      let told: BackupError | undefined;
      await assert.rejects(lab.restore({}, 'select 1'), (error: BackupError) => {
        told = error;
        return error.code === 'CORRUPT';
      });
      const [, lsn] = /--lsn (\S+)\)/.exec(told!.hint)!;
      const upTo = await lab.restore({ lsn: lsn! }, 'select min(id) from ledger');
      assert.deepEqual(upTo.rows, ['-2']);
    } finally {
      writeFileSync(file, bytes);
    }
  });

  it('one damaged record beside the backups takes nothing away, and is named', async () => {
    const record = readdirSync(path.join(root(), 'positions'))[0]!;
    const found = await damaged(`positions/${record}`, flip);
    assert.match(found.walProblems.join('\n'), /positions\/.* is damaged/);
    assert.deepEqual(
      found.backups.map(({ problems }) => problems),
      [[], []],
    );
  });

  it('finds an entry of the list that is damaged, which hides none of the others', async () => {
    const found = await damaged(`catalog/${incremental.id}`, flip, false);
    assert.match(problems(found, incremental.id), /is damaged/);
    assert.equal(problems(found, full.id), '');
    const { rows } = await lab.restore({ backup: full.id }, 'select min(id) from ledger');
    assert.deepEqual(rows, ['-4']);
  });

  it('a test restores the newest state and reads all of it', async () => {
    const result = await testBackup({
      ...{ vault: await lab.vault(), start: lab.start, owner: lab.owner, writer: lab.writer, signal },
      scratch: path.join(lab.folder, 'test'),
      onEvent: () => undefined,
    });
    assert.deepEqual([result.ok, result.backup], [true, incremental.id], result.text);
    assert.match(result.text, /^restored and read: \d+ tables with \d+ rows, \d+ indexes$/);
    assert.ok(result.rows >= 2004 && result.indexes > 100);
    assert.ok(!readdirSync(lab.folder).includes('test'));
  });

  it('a test of a damaged one says what is wrong, and keeps that', async () => {
    const vault = await lab.vault();
    const file = path.join(root(), `base/${full.id}/000000`);
    const bytes = readFileSync(file);
    flip(file);
    const result = await testBackup({
      ...{ vault, start: lab.start, owner: lab.owner, writer: lab.writer, signal, onEvent: () => undefined },
      scratch: path.join(lab.folder, 'test'),
    });
    writeFileSync(file, bytes);
    assert.equal(result.ok, false);
    assert.match(result.text, /damaged/);
    const { kept, ...found } = result;
    assert.equal(kept, true);
    assert.deepEqual(await readLastTest(vault), found);
  });

  it('a test by another stack leaves its result with whoever asked, not among the backups', async () => {
    const vault = await lab.vault();
    const before = await readLastTest(vault);
    const result = await testBackup({
      ...{ vault, start: lab.start, owner: lab.owner, signal, onEvent: () => undefined },
      ...{ writer: { id: 'a copy', host: 'elsewhere', folder: '/srv/copy' } },
      scratch: path.join(lab.folder, 'test'),
    });
    assert.deepEqual([result.ok, result.kept], [true, false], result.text);
    assert.deepEqual(await readLastTest(vault), before);
  });
});
