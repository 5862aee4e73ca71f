import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackupError } from '../errors.ts';
import { describeTarget, parseTarget, targetSettings } from './target.ts';

const refusal = (texts: Parameters<typeof parseTarget>[0]): string => {
  try {
    parseTarget(texts);
  } catch (error) {
    return `${(error as BackupError).message} ${(error as BackupError).hint}`;
  }
  return assert.fail('it was accepted');
};

describe('the moment of a restore', () => {
  it('is told with its zone, and reaches PostgreSQL in UTC', () => {
    for (const time of [
      '2026-11-27T21:05:00Z',
      '2026-11-27 22:05:00+01',
      '2026-11-27 16:05:00 -05:00',
      '2026-11-27T21:05 UTC',
      '2026-11-27 22:05:00.000+0100',
    ])
      assert.deepEqual(targetSettings(parseTarget({ time })), {
        recovery_target_time: '2026-11-27 21:05:00.000+00',
        recovery_target_inclusive: 'on',
      });
  });

  it('keeps its microseconds, which tell two commits of one millisecond apart', () => {
    const target = parseTarget({ time: '2026-11-27 22:05:00.123456+01' });
    assert.deepEqual(targetSettings(target), {
      recovery_target_time: '2026-11-27 21:05:00.123456+00',
      recovery_target_inclusive: 'on',
    });
    assert.equal(describeTarget(target), '2026-11-27T21:05:00.123456Z');
  });

  it('without a zone is refused with the same moment in two, as it would be taken for the server’s', () => {
    assert.match(
      refusal({ time: '2026-11-27 22:05:00' }),
      /says no time zone\. Add one: 2026-11-27T22:05:00Z for UTC, or 2026-11-27T22:05:00[+-]\d\d:\d\d/,
    );
  });

  it('can be a position, a transaction, a name, or right before one of the first two', () => {
    assert.deepEqual(targetSettings(parseTarget({ lsn: '0/3000060', exclusive: true })), {
      recovery_target_lsn: '0/3000060',
      recovery_target_inclusive: 'off',
    });
    assert.deepEqual(targetSettings(parseTarget({ xid: '745' })), {
      recovery_target_xid: '745',
      recovery_target_inclusive: 'on',
    });
    assert.deepEqual(targetSettings(parseTarget({ name: "it's" })), { recovery_target_name: "it's" });
    assert.deepEqual(targetSettings(parseTarget({})), {});
  });

  it('is refused in a line where it is none', () => {
    assert.match(refusal({ time: 'yesterday' }), /'yesterday' is no time/);
    assert.match(refusal({ time: '2026-02-31T00:00:00Z', lsn: '0/1' }), /More than one target/);
    assert.match(refusal({ time: '2026-13-01T00:00:00Z' }), /is no time/);
    assert.match(refusal({ time: '2026-02-30 10:00Z' }), /is no time.* Look at its day/);
    assert.match(refusal({ lsn: '0-1' }), /is no WAL position/);
    assert.match(refusal({ xid: '-3' }), /is no transaction’s number/);
    assert.match(refusal({ name: '' }), /1 to 63 bytes/);
    assert.match(refusal({ exclusive: true }), /can be excluded/);
  });
});
