import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BackupState, healthOf } from './health.ts';

const now = Date.parse('2026-11-22T02:00:00Z');
const megabyte = 1024 ** 2;
const well: BackupState = {
  ...{ isReceiving: true, failingSince: now - 3_600_000, failure: 'it has not begun' },
  ...{ waitingBytes: 0, keepBytes: 8192 * megabyte, failedJob: undefined, lastTest: undefined },
};
const away = { isReceiving: false, failure: 'connection refused' };
const failedJob = { name: 'The backup', reason: 'the store is full' };
const badTest = { at: '2026-11-22T04:00:00.000Z', ok: false, text: 'a page is damaged' };
const notStored = 'WAL is not being stored: connection refused';
const waiting = '5000 MB of WAL wait to be stored; the server lets go of what is more than 8192 MB';

describe('the service of backups', () => {
  const cases: readonly [title: string, state: Partial<BackupState>, reason: string | null][] = [
    ['is well while it receives', {}, null],
    ['is well without a connection for less than 90 s', { ...away, failingSince: now - 89_999 }, null],
    ['is ill without one for 90 s, and says why', { ...away, failingSince: now - 90_000 }, notStored],
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
      `the backup failed its test of ${badTest.at}: a page is damaged`,
    ],
    ['is well when one did', { lastTest: { ...badTest, ok: true } }, null],
    [
      'tells first that WAL is not stored',
      { ...away, failingSince: 0, failedJob, lastTest: badTest },
      notStored,
    ],
    [
      'tells a failed job while the connection is away for a moment',
      { ...away, failingSince: now, failedJob },
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
