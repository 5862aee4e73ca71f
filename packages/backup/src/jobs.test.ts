import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCron } from './cron.ts';
import { dueBackup } from './jobs.ts';
import type { Contents } from './restore/contents.ts';

describe('what is due', () => {
  const schedule = { full: parseCron('0 1 * * 0')!, incremental: parseCron('0 1 * * *')! };
  const backup = (
    kind: 'full' | 'incremental',
    startedAt: string,
    parent: string | null = null,
  ): Contents['backups'][number] => ({
    ...{ id: startedAt, kind, parent, label: null, timeline: 1, startLsn: '0/2000028', stopLsn: '0/2000120' },
    ...{
      startedAt,
      endedAt: startedAt,
      postgres: '17.10',
      checksums: true,
      parts: 1,
      bytes: 1,
      storedBytes: 1,
    },
  });
  const contents = (segments: readonly number[], ...backups: Contents['backups'][number][]): Contents => ({
    ...{
      place: 'x',
      segmentBytes: 16 * 1024 * 1024,
      backups,
      damaged: [],
      timelines: [],
      current: 1,
      position: undefined,
      positions: new Map(),
      damagedRecords: [],
      clockSteps: [],
    },
    wal: { whole: new Map([[1, new Set(segments)]]), partial: new Map() },
  });
  const due = (now: string, found: Contents) => dueBackup(found, schedule, new Date(now));
  const sunday = backup('full', '2026-11-22T01:00:05Z');

  it('is a full one where there is none, or none that leads to now', () => {
    assert.equal(due('2026-11-22T00:00:00Z', contents([])), 'full');
    assert.equal(due('2026-11-22T02:00:00Z', contents([2, 3, 5], sunday)), 'full');
    assert.equal(due('2026-11-22T02:00:00Z', contents([3], sunday)), 'full');
  });

  it('is nothing right after one, then what the schedule says, also when its hour was missed', () => {
    assert.equal(due('2026-11-22T02:00:00Z', contents([2, 3], sunday)), undefined);
    assert.equal(due('2026-11-23T00:59:00Z', contents([2, 3], sunday)), undefined);
    assert.equal(due('2026-11-23T01:00:00Z', contents([2, 3], sunday)), 'auto');
    assert.equal(due('2026-11-25T17:00:00Z', contents([2, 3], sunday)), 'auto');
    assert.equal(due('2026-11-29T01:00:00Z', contents([2, 3], sunday)), 'full');
  });

  it('waits for no backup of a clock that was ahead and has been put right', () => {
    const ahead = backup('full', '2027-03-01T00:00:00Z');
    assert.equal(due('2026-11-22T00:30:00Z', contents([2, 3], ahead)), 'full');
    // Once, and then as scheduled.
    assert.equal(due('2026-11-22T02:00:00Z', contents([2, 3], sunday, ahead)), undefined);
    assert.equal(due('2026-11-23T01:00:00Z', contents([2, 3], sunday, ahead)), 'auto');
    // A few minutes are how clocks of two machines differ.
    assert.equal(due('2026-11-22T01:00:00Z', contents([2, 3], sunday)), undefined);
  });
});
