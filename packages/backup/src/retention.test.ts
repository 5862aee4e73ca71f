import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAtClock } from '@peakstone/kernel/witness';
import type { Backup } from './catalog/backups.ts';
import { BackupError } from './errors.ts';
import { formatLsn, segmentOf } from './lsn.ts';
import type { Contents } from './restore/contents.ts';
import { planRestore, type RestoreWish } from './restore/plan.ts';
import { isLetGo, planRetention, type RetentionFacts } from './retention.ts';

const segmentBytes = 16 * 1024 * 1024;
const now = new Date('2026-11-27T00:00:00Z');

const dateOf = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
/** One segment a day; now is in the hundredth. */
const lsnOf = (days: number): bigint => BigInt(Math.round((100 - days) * segmentBytes));

/**
 * `F3`: a full one, three days old; `I2<F3`: an incremental one on it; `F1@2`: of timeline 2. Its WAL begins at the segment of its
 * age, counted down from 100.
 */
function backups(...texts: string[]): Backup[] {
  return texts.map(text => {
    const [id, parent] = text.split('<') as [string, string | undefined];
    const [own, timeline] = id.split('@') as [string, string | undefined];
    const days = Number(own.slice(1));
    const ended = dateOf(days).toISOString();
    const lsn = formatLsn(lsnOf(days));
    return {
      id,
      kind: own.startsWith('F') ? 'full' : 'incremental',
      parent: parent ?? null,
      ...{ label: null, timeline: Number(timeline ?? 1), startLsn: lsn, stopLsn: lsn },
      ...{ startedAt: ended, endedAt: ended, postgres: '17.10', checksums: true, parts: 1, bytes: 1 },
      storedBytes: 1,
    };
  });
}

/** A restore in place, so many days ago, to a moment of so many days ago: the next timeline. */
interface WentBack {
  readonly from: number;
  readonly at: number;
  readonly to: number;
}

/** What a store has that received all WAL of a database which was restored in place so often. */
function stored(texts: readonly string[], restores: readonly WentBack[] = [], today = 0): Contents {
  const history = (timeline: number): string => {
    const { from, to } = restores[timeline - 2]!;
    return `${from > 1 ? history(from) : ''}${from}\t${formatLsn(lsnOf(to))}\tas it was\n`;
  };
  const ids = [1, ...restores.map((_, index) => index + 2)];
  const begins = (id: number): number => (id === 1 ? 60 : restores[id - 2]!.to);
  const leaves = (id: number): number => restores[id - 1]?.at ?? today;
  const number = (days: number): number => segmentOf(lsnOf(days), segmentBytes);
  const range = (from: number, to: number): Set<number> =>
    new Set(Array.from({ length: to - from }, (_, index) => from + index));
  const positions = new Map(
    ids.map(id => {
      const lsn = formatLsn(lsnOf(leaves(id)));
      return [id, { timeline: id, lsn, coveredUntil: dateOf(leaves(id)).toISOString() }];
    }),
  );
  const current = ids.at(-1)!;
  return {
    ...{ place: 'x', segmentBytes, damaged: [], damagedRecords: [], clockSteps: [], current },
    ...{ backups: backups(...texts), positions, position: positions.get(current) },
    timelines: restores.map(({ at }, index) => ({
      ...{ id: index + 2, history: history(index + 2), since: dateOf(at).toISOString() },
    })),
    wal: {
      whole: new Map(ids.map(id => [id, range(number(begins(id)), number(leaves(id)))])),
      partial: new Map(ids.map(id => [id, new Set([number(leaves(id))])])),
    },
  };
}

const timeTarget = (at: Date): RestoreWish['target'] => ({ kind: 'time', at, micros: 0, inclusive: true });
const time = lookAtClock(undefined, now.getTime());
const planBy = (
  facts: Partial<RetentionFacts>,
  { days, fulls }: { readonly days: number; readonly fulls: number },
  ...texts: string[]
) => {
  const { remove, wal } = planRetention(stored(texts), { days, fulls }, { time, proven: null, ...facts });
  return { remove, firstSegment: wal && Math.min(...wal.map(({ from }) => from)) };
};
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

  it('goes by the order in which they were made, where the clock of one was ahead or behind', () => {
    /** Of which the named one says another time. */
    const planWith = (texts: readonly string[], wrong: string, says: number) => {
      const found = stored(texts);
      const at = dateOf(says).toISOString();
      const told = found.backups.map(each =>
        each.id === wrong ? { ...each, startedAt: at, endedAt: at } : each,
      );
      return planRetention({ ...found, backups: told }, { days: 7, fulls: 1 }, { time, proven: null }).remove;
    };
    const texts = ['F20', 'F13', 'F6', 'F2'];
    assert.deepEqual(planWith(texts, 'F20', 20), ['F20']);
    // Seventy days ahead, it stays no longer than those around it …
    assert.deepEqual(planWith(texts, 'F20', -70), ['F20']);
    assert.deepEqual(planWith(texts, 'F13', -70), []);
    assert.deepEqual(planWith(['F20', 'F16', 'F13', 'F9', 'F6'], 'F13', -70), ['F20', 'F16', 'F13']);
    // … and behind, it is not what the days before it are restored from.
    assert.deepEqual(planWith(texts, 'F6', 40), ['F20']);
    assert.deepEqual(planWith(texts, 'F2', 40), ['F20']);
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

describe('what may be removed after a restore in place', () => {
  /** From the backup of day 0, on day 7.5 to day 6.9, by default settings; 21.1 days have passed since the first one. */
  const weekly = ['F21.1', 'F14.1', 'F7.1@2', 'F0.1@2'];
  const oneDayAgo = { from: 1, at: 2, to: 2.01 };
  const cases: readonly {
    readonly title: string;
    readonly texts: readonly string[];
    readonly restores: readonly WentBack[];
    readonly days: number;
    readonly fulls: number;
    readonly proven?: string;
    readonly today?: number;
    readonly remove: readonly string[];
  }[] = [
    {
      title: 'is the newer backup of the timeline that was left, not the older one that leads to now',
      ...{ texts: ['F2.02', 'F2.005'], restores: [oneDayAgo], days: 1, fulls: 1, remove: ['F2.005'] },
    },
    {
      title: 'is nothing while its days last: the moments of both timelines can be restored',
      ...{ texts: weekly, restores: [{ from: 1, at: 13.6, to: 14.2 }], days: 14, fulls: 2, remove: [] },
    },
    {
      title: 'is all of the timeline that was left once its days have passed',
      ...{ texts: weekly, restores: [{ from: 1, at: 13.6, to: 14.2 }], days: 14, fulls: 2, today: -7 },
      remove: ['F21.1', 'F14.1'],
    },
    {
      title: 'is not the newest that is known to be good, though it leads to now no more',
      ...{ texts: ['F2.02', 'F2.005'], restores: [oneDayAgo], days: 1, fulls: 1, proven: 'F2.005' },
      remove: [],
    },
    {
      title: 'is nothing at all while no backup leads to now',
      ...{ texts: ['F9', 'F2.005'], restores: [{ from: 1, at: 2, to: 10 }], days: 1, fulls: 1, remove: [] },
    },
    {
      title: 'is counted along the whole way where it went back twice, the second time behind the first',
      texts: ['F30', 'F20', 'F12@2', 'F11@3', 'F4@3'],
      restores: [
        { from: 1, at: 15, to: 18 },
        { from: 1, at: 11.5, to: 19 },
      ],
      ...{ days: 5, fulls: 2, remove: ['F30', 'F20', 'F12@2'] },
    },
    {
      title: 'is never what an incremental one of the newer timeline stands on',
      texts: ['F20', 'I16<F20', 'I8@2<I16', 'I1@2<I8@2'],
      ...{ restores: [{ from: 1, at: 14, to: 15 }], days: 2, fulls: 1, remove: [] },
    },
  ];
  for (const { title, texts, restores, days, fulls, proven = null, today = 0, remove } of cases)
    it(title, () => {
      const contents = stored(texts, restores, today);
      const at = dateOf(today).getTime();
      const plan = planRetention(contents, { days, fulls }, { time: lookAtClock(undefined, at), proven });
      assert.deepEqual(plan.remove, remove);
      const { whole, partial } = contents.wal;
      const left = (index: typeof whole): typeof whole =>
        new Map(
          [...index].map(([id, all]) => [
            id,
            new Set([...all].filter(each => !isLetGo(plan, contents, id, each))),
          ]),
        );
      const after: Contents = {
        ...contents,
        backups: contents.backups.filter(({ id }) => !plan.remove.includes(id)),
        wal: { whole: left(whole), partial: left(partial) },
      };
      const found = (from: Contents, wish: RestoreWish): unknown => {
        try {
          const { chain, timeline, segments } = planRestore(from, wish);
          return { chain: chain.map(({ id }) => id), timeline, segments };
        } catch (error) {
          assert.ok(error instanceof BackupError);
          return undefined;
        }
      };
      // Whatever could be restored of those days, by its time or its timeline, is restored from the same as before.
      let promised = 0;
      for (let age = today + days; age >= today; age -= 0.05)
        for (const timeline of [undefined, 1, ...contents.timelines.map(({ id }) => id)]) {
          const wish: RestoreWish = {
            target: timeTarget(dateOf(age)),
            timeline,
          };
          const before = found(contents, wish);
          if (before === undefined) continue;
          promised++;
          assert.deepEqual(found(after, wish), before, `${age} days ago on ${timeline ?? 'its timeline'}`);
        }
      const latest: RestoreWish = { target: { kind: 'latest' } };
      assert.deepEqual(found(after, latest), found(contents, latest));
      assert.ok(promised > 0 || found(contents, latest) === undefined);
      // Of what stays, each can be restored to its own end.
      for (const backup of after.backups) {
        const wish: RestoreWish = { target: timeTarget(new Date(backup.endedAt)) };
        const of = { ...wish, timeline: backup.timeline, backup: backup.id };
        assert.deepEqual(found(after, of) !== undefined, found(contents, of) !== undefined, backup.id);
      }
    });

  it('is no WAL that nothing needs, and none of a timeline that nobody knows', () => {
    const contents = stored(weekly, [{ from: 1, at: 13.6, to: 14.2 }], -7);
    const plan = planRetention(
      contents,
      { days: 14, fulls: 2 },
      { time: lookAtClock(undefined, dateOf(-7).getTime()), proven: null },
    );
    const isOld = (timeline: number, segment: number): boolean => isLetGo(plan, contents, timeline, segment);
    // Timeline 2 was begun in segment 85, and its oldest backup that stays begins in 92.
    assert.deepEqual(
      [isOld(1, 85), isOld(1, 86), isOld(2, 91), isOld(2, 92), isOld(2, 200)],
      [...[true, true, true, false, false]],
    );
    assert.equal(isOld(3, 10), false);
  });
});
