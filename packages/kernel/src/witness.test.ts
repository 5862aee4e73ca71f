import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookAtClock, momentBefore, type Witness } from './witness.ts';

const day = 86_400_000;
const today = Date.parse('2026-11-28T00:00:00Z');

/** Looks at the clock at these days from today, one after another. */
const after = (...days: number[]): Witness =>
  days.reduce<Witness | undefined>((witness, at) => lookAtClock(witness, today + at * day), undefined)!;
const daysBefore = (witness: Witness, days: number): number =>
  (momentBefore(witness, days * day) - today) / day;

describe('time that was seen to pass', () => {
  it('is the clock’s while somebody looks at it each day', () => {
    assert.equal(daysBefore(after(0, 0.5, 1, 1.5, 2), 10), -8);
  });

  it('does not go on with a clock that is set months ahead, and goes on from there', () => {
    assert.equal(daysBefore(after(0, 90), 14), -14);
    assert.equal(daysBefore(after(0, 90, 90.5, 91), 14), -13);
    // Once so much was seen since, what was before is past.
    assert.equal(daysBefore({ at: today + 104 * day, leaps: after(0, 90).leaps }, 14), 90);
    assert.equal(daysBefore({ at: today + 104 * day, leaps: after(0, 90).leaps }, 15), -1);
  });

  it('forgets what the clock said once it is put right', () => {
    assert.deepEqual(after(0, 90, 0.1), { at: today + 0.1 * day, leaps: [] });
    assert.deepEqual(after(0, 90, 40).leaps, [{ from: today, to: today + 40 * day }]);
  });

  it('takes a clock that began in the past and was put right for one that was set ahead', () => {
    assert.equal(daysBefore(after(0, -3000, 0.5), 14), -3014);
  });

  it('is bounded in what it remembers, and errs by counting less', () => {
    const witness = after(...Array.from({ length: 300 }, (_, index) => index * 2));
    assert.equal(witness.leaps.length, 100);
    assert.equal(witness.leaps[0]!.from, today);
    assert.equal(daysBefore(witness, 14), -14);
  });
});
