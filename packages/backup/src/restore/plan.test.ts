import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Backup } from '../catalog/backups.ts';
import type { WalPosition } from '../catalog/positions.ts';
import type { BackupError } from '../errors.ts';
import type { Contents } from './contents.ts';
import { coverageOf } from './coverage.ts';
import { planRestore } from './plan.ts';
import { parseTarget } from './target.ts';

const backup = (id: string, timeline: number, startLsn: string, stopLsn: string): Backup => {
  const at = `2026-11-${id.slice(6, 8)}T${id.slice(9, 11)}:00:00Z`;
  return {
    ...{
      id,
      kind: 'full',
      parent: null,
      label: null,
      timeline,
      startLsn,
      stopLsn,
      startedAt: at,
      endedAt: at,
    },
    ...{ postgres: '17.10', checksums: true, parts: 1, bytes: 1, storedBytes: 1, databases: [] },
  };
};

/** Production on timeline 1 until 18:00; a drill elsewhere restored it, wrote timeline 2 for an hour and was thrown away. */
const contents = (more: Partial<Contents> = {}): Contents => {
  const positions = new Map<number, WalPosition>([
    [1, { timeline: 1, lsn: '0/9000500', coveredUntil: '2026-11-27T18:00:00Z' }],
    [2, { timeline: 2, lsn: '0/5000500', coveredUntil: '2026-11-27T13:00:00Z' }],
  ]);
  return {
    ...{
      place: 'x',
      segmentBytes: 16 * 1024 * 1024,
      damaged: [],
      damagedRecords: [],
      clockSteps: [],
      positions,
    },
    backups: [
      backup('20261127-100000F', 1, '0/2000028', '0/2000120'),
      backup('20261127-123000F', 2, '0/4000028', '0/4000120'),
    ],
    wal: {
      whole: new Map([
        [1, new Set([2, 3, 4, 5, 6, 7, 8])],
        [2, new Set([4])],
      ]),
      partial: new Map([
        [1, new Set([9])],
        [2, new Set([5])],
      ]),
    },
    timelines: [
      { id: 2, history: '1\t0/4000000\tno recovery target specified\n', since: '2026-11-27T12:00:00Z' },
    ],
    current: 1,
    position: positions.get(1),
    ...more,
  };
};
const plan = (texts: Parameters<typeof parseTarget>[0], found = contents(), timeline?: number) =>
  planRestore(found, { target: parseTarget(texts), timeline });

describe('what a restore follows', () => {
  it('is the database that goes on, not the highest number that somebody else’s timeline has', () => {
    assert.equal(plan({}).timeline, 1);
    assert.equal(plan({ time: '2026-11-27T14:00:00Z' }).timeline, 1);
    assert.equal(plan({}, contents(), 2).timeline, 2);
  });

  it('is what the store says of the database, whatever clocks said of backups and WAL', () => {
    const ahead = { ...backup('20261127-140000F', 1, '0/3000028', '0/3000120'), id: '20270206-140000F' };
    const wrong = { startedAt: '2027-02-06T14:00:00Z', endedAt: '2027-02-06T14:00:00Z' };
    const { backups, positions } = contents();
    const found = contents({
      current: 2,
      position: positions.get(2),
      positions: new Map([...positions, [1, { ...positions.get(1)!, ...{ coveredUntil: wrong.endedAt } }]]),
      backups: [backups[0]!, { ...ahead, ...wrong }, backups[1]!],
    });
    assert.equal(plan({}, found).timeline, 2);
    assert.equal(plan({}, found).chain[0]!.id, '20261127-123000F');
    // A moment is what it was by clocks: of before, and of now.
    assert.equal(plan({ time: '2026-11-27T11:00:00Z' }, found).timeline, 1);
    assert.equal(plan({ time: '2026-11-27T11:00:00Z' }, found).chain[0]!.id, '20261127-100000F');
    assert.equal(plan({ time: '2026-11-27T12:45:00Z' }, found).timeline, 2);
  });

  it('is asked for a moment where the clock was ahead when the database went on as another timeline', () => {
    const { positions, timelines } = contents();
    const found = contents({
      current: 2,
      position: positions.get(2),
      timelines: [{ ...timelines[0]!, since: '2027-02-06T12:00:00Z' }],
    });
    assert.equal(plan({}, found).timeline, 2);
    assert.throws(
      () => plan({ time: '2026-11-27T12:45:00Z' }, found),
      (error: BackupError) =>
        error.code === 'TARGET' &&
        /began at 2027-02-06T12:00:00Z by a clock/.test(error.message) &&
        /--timeline 2/.test(error.hint),
    );
    assert.equal(plan({ time: '2026-11-27T12:45:00Z' }, found, 2).timeline, 2);
  });

  it('is a timeline of its own past, where it is a moment before it was restored', () => {
    const found = contents({ current: 2, position: contents().positions.get(2) });
    assert.equal(plan({}, { ...found, backups: [found.backups[0]!] }).timeline, 2);
    const times = (time: string) => plan({ time }, { ...found, backups: [found.backups[0]!] }).timeline;
    assert.equal(times('2026-11-27T11:00:00Z'), 1);
    assert.equal(times('2026-11-27T12:30:00Z'), 2);
  });

  it('is as much WAL as leads there: up to the next backup that was begun well after the moment', () => {
    const found = contents();
    const next = {
      ...found,
      backups: [found.backups[0]!, backup('20261127-150000F', 1, '0/6000028', '0/6000120')],
    };
    const to = plan({ time: '2026-11-27T14:00:00Z' }, next);
    assert.deepEqual([to.needed, to.segments.length], [6, 8]);
    const latest = plan({}, next);
    assert.equal(latest.needed, latest.segments.length);
    assert.equal(plan({ lsn: '0/3000000' }, found).needed, 3);
  });

  it('is refused where WAL is missing that was stored once', () => {
    const found = contents();
    const missing = { ...found, wal: { ...found.wal, partial: new Map() } };
    assert.throws(() => plan({}, missing), /000000010000000000000009 is not in x/);
    assert.equal(plan({ time: '2026-11-27T14:00:00Z' }, missing).endsAtTarget, false);
    assert.throws(() => plan({ lsn: '0/9000400' }, missing), /is not in x/);
  });

  it('is told with the moments that can be restored, which are none without a backup', () => {
    const found = contents();
    assert.deepEqual(coverageOf(found), {
      from: '2026-11-27T10:00:00Z',
      until: '2026-11-27T18:00:00Z',
      problems: [],
    });
    // The store has been told of the time before the backup's end only.
    const position = {
      ...found.position!,
      coveredUntil: new Date(Date.parse(found.backups[0]!.endedAt) - 1).toISOString(),
    };
    const { from, until: end } = coverageOf({ ...found, position });
    assert.ok(from !== null && end === from);
    assert.deepEqual(coverageOf({ ...found, backups: [] }), { from: null, until: null, problems: [] });
    const { until, problems } = coverageOf({ ...found, wal: { ...found.wal, partial: new Map() } });
    assert.deepEqual([until, problems.length], [null, 1]);
  });

  it('is not an older backup without a word, where an entry cannot be read: its WAL is followed, or said to be missing', () => {
    // By its name, made by whatever clock, nobody knows whether it is newer.
    for (const id of ['20261127-190000F', '20261127-050000F']) {
      const damaged = [{ id, reason: 'damaged' }];
      assert.deepEqual(plan({}, contents({ damaged })).passedOver, [id]);
      const { wal } = contents();
      const beyond = new Map([...wal.whole, [1, new Set([2, 3, 4, 5, 6, 7, 8, 12, 13])]]);
      const found = contents({ damaged, wal: { ...wal, whole: beyond }, position: undefined });
      assert.throws(() => plan({}, found), /WAL segment 00000001000000000000000A is not in x/);
    }
  });
});
