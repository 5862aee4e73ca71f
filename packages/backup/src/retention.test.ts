import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAtClock } from '@peakstone/kernel/witness';
import type { Backup } from './catalog/backups.ts';
import { planRetention, type RetentionFacts } from './retention.ts';

const segmentBytes = 16 * 1024 * 1024;
const now = new Date('2026-11-27T00:00:00Z');

/** `F3`: a full one, three days old; `I2<F3`: an incremental one on it. Its WAL begins at the segment of its age, counted down from 100. */
function backups(...texts: string[]): Backup[] {
  return texts.map(text => {
    const [own, parent] = text.split('<') as [string, string | undefined];
    const days = Number(own.slice(1));
    const ended = new Date(now.getTime() - days * 86_400_000).toISOString();
    const lsn = `0/${((100 - days) * segmentBytes).toString(16)}`;
    return {
      id: own,
      kind: own.startsWith('F') ? 'full' : 'incremental',
      parent: parent ?? null,
      ...{ label: null, timeline: 1, startLsn: lsn, stopLsn: lsn, startedAt: ended, endedAt: ended },
      ...{ postgres: '17.10', checksums: true, parts: 1, bytes: 1, storedBytes: 1 },
    };
  });
}

const time = lookAtClock(undefined, now.getTime());
const planBy = (
  facts: Partial<RetentionFacts>,
  { days, fulls }: { readonly days: number; readonly fulls: number },
  ...texts: string[]
) => planRetention(backups(...texts), { days, fulls }, { segmentBytes, time, proven: null, ...facts });
const plan = (days: number, fulls: number, ...texts: string[]) => planBy({}, { days, fulls }, ...texts);

describe('what may be removed', () => {
  it('is older than the days that must be restorable, but for the backup that their beginning is restored from', () => {
    assert.deepEqual(plan(7, 1, 'F20', 'F13', 'F6'), { remove: ['F20'], firstSegment: 87 });
  });

  it('is never what another one stands on', () => {
    assert.deepEqual(plan(2, 1, 'F9', 'I5<F9', 'I1<I5'), { remove: [], firstSegment: 91 });
    assert.deepEqual(plan(0, 1, 'F9', 'I8<F9', 'F3', 'I1<F3').remove, ['F9', 'I8']);
  });

  it('is never the last full backup, nor WAL from its beginning on, however old it is', () => {
    assert.deepEqual(plan(0, 1, 'F90'), { remove: [], firstSegment: 10 });
    assert.deepEqual(plan(7, 1, 'F90', 'F80'), { remove: ['F90'], firstSegment: 20 });
  });

  it('leaves as many full backups as are to stay, with all that stands on them', () => {
    assert.deepEqual(plan(0, 2, 'F30', 'I29<F30', 'F20', 'I19<F20', 'F10').remove, ['F30', 'I29']);
  });

  it('is never by a clock that is months ahead: what was seen to pass counts', () => {
    const keep = { days: 7, fulls: 1 };
    const ahead = lookAtClock(time, now.getTime() + 180 * 86_400_000);
    const all = ['F20', 'F13', 'I6<F13', 'F2'];
    assert.deepEqual(planBy({ time: ahead }, keep, ...all), planBy({}, keep, ...all));
    // By the clock alone, everything but the last one would go.
    const trusting = lookAtClock(undefined, ahead.at);
    assert.deepEqual(planBy({ time: trusting }, keep, ...all).remove, ['F20', 'F13', 'I6']);
  });

  it('is never the newest one that a test has found good, nor what that stands on', () => {
    const keep = { days: 2, fulls: 1 };
    assert.deepEqual(planBy({ proven: 'I19' }, keep, 'F20', 'I19<F20', 'F9', 'F3', 'F1'), {
      remove: ['F9'],
      firstSegment: 80,
    });
    assert.deepEqual(planBy({ proven: 'gone' }, keep, 'F9', 'F3', 'F1').remove, ['F9']);
  });

  it('is nothing, and no WAL, while there is no backup', () => {
    assert.deepEqual(plan(0, 1), { remove: [], firstSegment: null });
  });

  it('does not fail over a backup whose parent is gone', () => {
    assert.deepEqual(plan(30, 1, 'I5<F9', 'F1').remove, []);
  });
});
