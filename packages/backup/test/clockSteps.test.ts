/** A server whose clock was put back: what its WAL says of the times of transactions, and what restores to a time make of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { keepStep, readSteps } from '../src/catalog/clockSteps.ts';
import { indexWal, readPartial, readSegment } from '../src/catalog/wal.ts';
import { type Backup, type BackupError, readContents } from '../src/index.ts';
import { type Lsn, readLsn, segmentStart } from '../src/lsn.ts';
import { ClockSteps } from '../src/wal/clockSteps.ts';
import { TransactionEnds } from '../src/wal/transactionEnds.ts';
import { type Lab, openLab } from './lab.ts';

const ids = 'select id from ledger order by id';

describe('a restore to a time', () => {
  let lab: Lab;
  let first: Backup;
  let second: Backup;
  before(async () => {
    lab = await openLab();
    first = await lab.backUp();
  });
  after(() => lab.close());

  /** The WAL that is stored, in one piece from the start of its first segment. */
  const stored = async (): Promise<{ readonly start: Lsn; readonly bytes: Buffer }> => {
    const vault = await lab.vault();
    const { whole, partial } = await indexWal(vault);
    const segments = [...whole.get(1)!].sort((a, b) => a - b);
    const pieces = await Promise.all(segments.map(each => readSegment(vault, 1, each)));
    for (const each of partial.get(1) ?? []) pieces.push((await readPartial(vault, 1, each))!);
    return { start: segmentStart(segments[0]!, vault.segmentBytes), bytes: Buffer.concat(pieces) };
  };
  const endsIn = (start: Lsn, bytes: Buffer, pieceBytes: number): { at: number; lsn: Lsn }[] => {
    const found: { at: number; lsn: Lsn }[] = [];
    const ends = new TransactionEnds(start, 16 * 1024 * 1024, (at, lsn) => found.push({ at, lsn }));
    for (let at = 0; at < bytes.length; at += pieceBytes) ends.hear(bytes.subarray(at, at + pieceBytes));
    return found;
  };

  it('knows when each transaction ended by the WAL as it is received, in whatever pieces it comes', async () => {
    const receiving = await lab.receive();
    const times: [number, number, Lsn][] = [];
    for (let id = 1; id <= 40; id++) {
      const begin = await lab.now();
      // Records of every length, over pages and segments.
      await lab.sql.script(`insert into ledger values (${id}, repeat(md5('${id}'), ${id * id}))`);
      if (id % 10 === 0) await lab.sql.script('select pg_switch_wal()');
      const end = await lab.now();
      const [row] = await lab.sql.query('select pg_current_wal_insert_lsn()');
      times.push([begin.getTime() - 2, end.getTime(), readLsn(row![0]!)]);
    }
    await receiving.caughtUp();
    await receiving.stop();
    second = await lab.backUp();
    const { start, bytes } = await stored();
    const all = endsIn(start, bytes, bytes.length);
    let from = 0n;
    for (const [begin, end, to] of times) {
      const own = all.filter(({ lsn }) => lsn >= from && lsn < to);
      assert.ok(
        own.some(({ at }) => begin <= at && at <= end),
        `${new Date(end).toISOString()} in ${all.length}`,
      );
      from = to;
    }
    for (const pieceBytes of [1, 7, 4099]) {
      const part = bytes.subarray(0, pieceBytes === 1 ? 300_000 : bytes.length);
      const last = start + BigInt(part.length - 300);
      assert.deepEqual(
        endsIn(start, part, pieceBytes).filter(({ lsn }) => lsn < last),
        all.filter(({ lsn }) => lsn < last),
        `pieces of ${pieceBytes}`,
      );
    }
    assert.deepEqual((await readSteps(await lab.vault())).steps, []);
  });

  it('is refused where the clock was put back over it, saying how one goes on, and is told before', async () => {
    const vault = await lab.vault();
    const contents = await readContents(vault);
    const until = Date.parse(contents.position!.coveredUntil);
    // As if it had been ahead for two hours in the middle of what was written: the bytes say so to whoever receives them.
    const { start, bytes } = await stored();
    const all = endsIn(start, bytes, bytes.length).filter(({ at }) => at > Date.parse(first.endedAt));
    const middle = all[Math.floor(all.length / 2)]!;
    const steps: { lsn: Lsn; ahead: number; back: number }[] = [];
    const clock = new ClockSteps(step => steps.push(step));
    for (const { at, lsn } of all) clock.hear(lsn === middle.lsn ? at + 7_200_000 : at, lsn);
    assert.equal(steps.length, 1);
    await keepStep(vault, 1, steps[0]!);
    const time = new Date(until - 1).toISOString();
    await assert.rejects(lab.restore({ time }, ids), (error: BackupError) => {
      assert.equal(error.code, 'TARGET');
      assert.match(
        error.message,
        /^The server’s clock was put back at .* was twice, and what was committed behind/,
      );
      assert.match(error.hint, /--lsn; .*--xid/);
      return true;
    });
    // Before it, nothing is in doubt; nor by a position.
    const early = new Date(Date.parse(first.endedAt) + 1).toISOString();
    assert.deepEqual((await lab.restore({ time: early }, ids)).rows, []);
    const { rows } = await lab.restore({ lsn: second.stopLsn }, ids);
    assert.equal(rows.length, 40);
  });
});
