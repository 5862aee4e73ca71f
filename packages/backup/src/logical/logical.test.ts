import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAtClock } from '@peakstone/kernel/witness';
import { parseCron } from '../cron.ts';
import { parseTarget } from '../restore/target.ts';
import type { LogicalBackup } from './backups.ts';
import { chooseLogical } from './read.ts';
import { planLogicalRetention } from './retention.ts';
import { isLogicalDue } from './service.ts';

const now = new Date('2026-11-27T00:00:00Z');
const time = lookAtClock(undefined, now.getTime());

/** One of so many days ago. */
function backup(days: number, database = 'shop'): LogicalBackup {
  const at = new Date(now.getTime() - days * 86_400_000).toISOString();
  return {
    ...{ id: `${at}S`, database, label: null, startedAt: at, endedAt: at, postgres: '17.10' },
    ...{ tables: 1, rows: 1, missing: [], parts: 1, bytes: 1, storedBytes: 1, sha256: '' },
  };
}

describe('backups as SQL', () => {
  it('go when they are older than the days that are kept, but for the newest of each database', () => {
    const old = [backup(30), backup(20, 'crm'), backup(20), backup(16)];
    const all = [...old, backup(3)];
    const goes = (days: number, fulls: number) =>
      planLogicalRetention(all, { days, fulls }, { time, proven: null });
    assert.deepEqual(goes(14, 1), [old[0]!.id, old[2]!.id, old[3]!.id]);
    assert.deepEqual(goes(14, 3), [old[0]!.id]);
    assert.deepEqual(goes(0, 1), [old[0]!.id, old[2]!.id, old[3]!.id]);
    assert.deepEqual(goes(40, 1), []);
  });

  it('stay where a test has found them good, and while only a clock says that they are old', () => {
    const all = [backup(30), backup(20), backup(3)];
    const goes = (facts: Partial<Parameters<typeof planLogicalRetention>[2]>) =>
      planLogicalRetention(all, { days: 14, fulls: 1 }, { time, proven: null, ...facts });
    assert.deepEqual(goes({ proven: all[0]!.id }), [all[1]!.id]);
    const ahead = lookAtClock(time, now.getTime() + 200 * 86_400_000);
    assert.deepEqual(goes({ time: ahead }), goes({}));
  });

  it('go and are found by the order in which they were made, whatever clock one of them was made by', () => {
    // Made first, by a clock that was seventy days ahead.
    const ahead = backup(-30);
    const after = [20, 19, 18, 17, 16].map(days => backup(days));
    const goes = (fulls: number) =>
      planLogicalRetention([ahead, ...after], { days: 14, fulls }, { time, proven: null });
    assert.deepEqual(
      goes(1),
      [ahead, ...after.slice(0, 4)].map(({ id }) => id),
    );
    assert.deepEqual(
      goes(2),
      [ahead, ...after.slice(0, 3)].map(({ id }) => id),
    );
    // By one that was behind: it is no older than what came before it.
    const behind = backup(40);
    const all = [backup(9), backup(5), behind, backup(1)];
    const choose = (at: string) =>
      chooseLogical({ backups: all, damaged: [] }, { target: parseTarget({ time: at }) }, '/store').id;
    assert.deepEqual(planLogicalRetention(all, { days: 14, fulls: 1 }, { time, proven: null }), []);
    assert.equal(choose('2026-11-24T00:00:00Z'), all[1]!.id);
    assert.throws(() => choose('2026-10-20T00:00:00Z'), /No backup was made by then/);
  });

  it('are made by either schedule, and at once where there is none', () => {
    const due = (ago: number | null, full: string | null, incremental: string | null) =>
      isLogicalDue(
        ago === null ? [] : [backup(ago)],
        { full: full && parseCron(full)!, incremental: incremental && parseCron(incremental)! } as Parameters<
          typeof isLogicalDue
        >[1],
        new Date('2026-11-27T02:00:00Z'),
      );
    assert.equal(due(null, null, null), true);
    assert.equal(due(0, null, null), false);
    assert.equal(due(0, null, '0 1 * * *'), true);
    assert.equal(due(0, '0 1 * * 0', null), false);
    assert.equal(due(7, '0 1 * * 0', null), true);
  });

  it('are restored by name, by time or the newest; what cannot be is refused with what can', () => {
    const backups = [backup(9), backup(5), backup(1)];
    const choose = (texts: Parameters<typeof parseTarget>[0], id?: string) =>
      chooseLogical({ backups, damaged: [] }, { target: parseTarget(texts), id }, '/store').id;
    assert.equal(choose({}), backups[2]!.id);
    assert.equal(choose({ time: '2026-11-24T00:00:00Z' }), backups[1]!.id);
    assert.equal(choose({}, backups[0]!.id), backups[0]!.id);
    assert.throws(() => choose({}, 'nothing'), /There is no backup nothing in \/store/);
    assert.throws(
      () => choose({ time: '2026-01-01T00:00:00Z' }),
      /No backup was made by then: the first is of 2026-11-18/,
    );
    assert.throws(() => choose({ xid: '745' }), /These backups are SQL, each of one moment/);
    const two = { backups: [backup(9), backup(5, 'crm')], damaged: [] };
    assert.throws(
      () => chooseLogical(two, { target: { kind: 'latest' } }, '/store'),
      /backups of several databases: shop, crm/,
    );
  });
});
