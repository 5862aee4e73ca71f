/** How the store has seen time pass, by which what is in it grows old: never by a clock alone. */
import { lookAtClock, momentBefore, type Witness } from '@peakstone/kernel/witness';
import { textKey } from '../store/index/keys.ts';
import { decodeRow, encodeRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { type Clock, dayMs } from './due.ts';

const place = textKey('witness');
/** Of a leap that is told: a machine is off for a week every now and then. */
const toldFromMs = 30 * dayMs;

/** Looks at the clock and writes down what it says. Where nobody has looked yet, the newest write was the last look. */
export async function witnessTime({ index, sequence }: Store, now = Date.now()): Promise<Witness> {
  return await index.change({ alone: ['clock'] }, writes => {
    const bytes = index.get('clock', place);
    const last = sequence.lastMs;
    const before =
      bytes === undefined ? (last === 0 ? undefined : { at: last, leaps: [] }) : decodeRow<Witness>(bytes);
    const witness = lookAtClock(before, now);
    writes.put('clock', place, encodeRow(witness));
    return witness;
  });
}

export function clockOf(witness: Witness): Clock {
  return {
    now: witness.at,
    before: ms => momentBefore(witness, ms),
    leapt: at => witness.leaps.some(({ from, to }) => from < at && at <= to),
  };
}

/** What to say while nothing goes because of a leap; undefined when there is none. Pure. */
export function describeLeap({ at, leaps }: Witness): string | undefined {
  const leap = leaps.findLast(({ from, to }) => to - from > toldFromMs && at - to < toldFromMs);
  if (leap === undefined) return undefined;
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return `the clock went from ${day(leap.from)} to ${day(leap.to)} and nobody saw that time pass: lifecycle rules count it as none. If the clock is wrong, put it right`;
}
