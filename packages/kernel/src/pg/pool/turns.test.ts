import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolTimeoutError } from '../errors.ts';
import { createTurns } from './turns.ts';

const anHourMs = 3_600_000;

/** Work that ends when it is told to. */
function work() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let hasBegun = false;
  return {
    run: () => {
      hasBegun = true;
      return promise;
    },
    end: resolve,
    get hasBegun() {
      return hasBegun;
    },
  };
}

const settle = () => new Promise(resolve => setImmediate(resolve));

describe('turns', () => {
  it('are in the order of asking, as many at a time as one may have, and each user has his own', async () => {
    const turns = createTurns(2, anHourMs);
    const [first, second, third, others] = [work(), work(), work(), work()];
    const all = [first, second, third].map(each => turns.run('ann', each.run));
    all.push(turns.run('bob', others.run));
    await settle();
    assert.deepEqual(
      [first, second, third, others].map(each => each.hasBegun),
      [true, true, false, true],
    );
    second.end();
    await settle();
    assert.ok(third.hasBegun);
    for (const each of [first, third, others]) each.end();
    await Promise.all(all);
  });

  it('go on when work fails', async () => {
    const turns = createTurns(1, anHourMs);
    const failing = turns.run('ann', () => Promise.reject(new Error('failed')));
    const next = turns.run('ann', async () => 'next');
    await assert.rejects(failing, /failed/);
    assert.equal(await next, 'next');
  });

  it('are not waited for by who has gone, nor for ever', async () => {
    const turns = createTurns(1, 1);
    const holding = work();
    const held = turns.run('ann', holding.run);
    await assert.rejects(turns.run('ann', holding.run), PoolTimeoutError);
    const patient = createTurns(1, anHourMs);
    const holds = patient.run('ann', holding.run);
    const aborter = new AbortController();
    const gone = patient.run('ann', holding.run, aborter.signal);
    aborter.abort(new Error('gone'));
    await assert.rejects(gone, /gone/);
    await assert.rejects(patient.run('ann', holding.run, aborter.signal), /gone/);
    holding.end();
    await Promise.all([held, holds]);
  });
});
