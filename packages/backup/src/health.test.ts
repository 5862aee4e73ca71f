import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BackupState, healthOf } from './health.ts';

const now = Date.parse('2026-11-22T02:00:00Z');
const megabyte = 1024 ** 2;
const well: BackupState = {
  ...{ coveredAt: now - 89_999, patienceMs: 90_000, failure: undefined },
  ...{ waitingBytes: 0, keepBytes: 8192 * megabyte, failedJob: undefined, lastTest: undefined },
};
const away = { failure: 'connection refused' };
const failedJob = { name: 'The backup', reason: 'the store is full' };
const badTest = { at: '2026-11-22T04:00:00.000Z', ok: false, text: 'a page is damaged', backup: 'B1' };
const notStored = 'WAL has not been stored for 90 s: connection refused';
const silent = 'WAL has not been stored for 700 s: the store takes nothing, and does not say why';
const waiting = '5000 MB of WAL wait to be stored; the server lets go of what is more than 8192 MB';

describe('the service of backups', () => {
  const cases: readonly [title: string, state: Partial<BackupState>, reason: string | null][] = [
    ['is well while everything is stored', {}, null],
    ['is well without a connection for less than its patience', { ...away, coveredAt: now - 89_999 }, null],
    ['is ill behind it, and says why', { ...away, coveredAt: now - 90_000 }, notStored],
    ['is ill with a connection as well, when the store takes nothing', { coveredAt: now - 700_000 }, silent],
    ['is well while WAL waits in half of the slot', { waitingBytes: 4096 * megabyte }, null],
    ['is ill when more waits', { waitingBytes: 5000 * megabyte }, waiting],
    [
      'is well however much waits where the server has no bound',
      { waitingBytes: 1e15, keepBytes: Number.POSITIVE_INFINITY },
      null,
    ],
    ['is ill when a job failed', { failedJob }, 'The backup failed: the store is full'],
    [
      'is ill when a backup failed its test',
      { lastTest: badTest },
      `backup B1 failed its test of ${badTest.at}: a page is damaged`,
    ],
    [
      'is ill when a test found nothing to restore',
      { lastTest: { ...badTest, backup: null, text: 'There is no backup.' } },
      `the test of ${badTest.at} found no backup that can be restored: There is no backup.`,
    ],
    [
      'is ill while nothing leads to the newest state',
      { adrift: 'No backup leads to timeline 2.', lastTest: badTest },
      'the newest state cannot be restored until a full backup is made: No backup leads to timeline 2.',
    ],
    ['is well when one did', { lastTest: { ...badTest, ok: true } }, null],
    [
      'tells first that WAL is not stored',
      { ...away, coveredAt: now - 90_000, failedJob, lastTest: badTest },
      notStored,
    ],
    [
      'tells a failed job while the connection is away for a moment',
      { ...away, coveredAt: now, failedJob },
      'The backup failed: the store is full',
    ],
  ];
  for (const [title, state, reason] of cases)
    it(title, () => {
      assert.deepEqual(
        healthOf({ ...well, ...state }, now),
        reason === null ? { ok: true } : { ok: false, reason, elsewhere: true },
      );
    });
});
