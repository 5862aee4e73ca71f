import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Budget } from './budget.ts';

const never = new AbortController().signal;

/** Whether a promise has settled, once all that is on its way has. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const turn = new Promise(resolve => setImmediate(resolve, open));
  return (await Promise.race([promise, turn])) === open;
}

describe('the budget of memory', () => {
  it('lets who wants more than is left wait until it is given back', async () => {
    const budget = new Budget(100);
    const [first, second] = [budget.lease(), budget.lease()];
    await first.hold(70, never);
    const waits = second.hold(60, never);
    assert.ok(await isOpen(waits));
    first[Symbol.dispose]();
    await waits;
    assert.equal(budget.usedBytes, 60);
  });

  it('refuses what is more than there is at all, with the status of a picture that is too large', async () => {
    const lease = new Budget(100).lease();
    await assert.rejects(lease.hold(101, never), { kind: 'resolution', status: 422 });
  });

  it('is had by small ones past a large one that waits, and by no others', async () => {
    const budget = new Budget(160);
    const [holder, large, middle, small] = Array.from({ length: 4 }, () => budget.lease());
    await holder?.hold(100, never);
    const [waits, behind] = [large?.hold(150, never), middle?.hold(50, never)];
    await small?.hold(10, never);
    assert.ok(await isOpen(Promise.race([waits, behind])));
  });

  it('is had first by who holds some of it already', async () => {
    const budget = new Budget(100);
    const [holder, begun, fresh] = Array.from({ length: 3 }, () => budget.lease());
    await holder?.hold(60, never);
    await begun?.hold(30, never);
    const [comes, goesOn] = [fresh?.hold(40, never), begun?.hold(90, never)];
    holder?.[Symbol.dispose]();
    await goesOn;
    assert.ok(await isOpen(comes as Promise<void>));
  });

  it('is taken from the one that wants most when all wait for one another', async () => {
    const budget = new Budget(100);
    const [one, other] = [budget.lease(), budget.lease()];
    await one.hold(45, never);
    await other.hold(45, never);
    const less = one.hold(60, never);
    await assert.rejects(other.hold(80, never), { kind: 'memory', status: 429 });
    other[Symbol.dispose]();
    await less;
  });

  it('is not waited for any longer than the request lasts', async () => {
    const budget = new Budget(100);
    const [holder, waiter, next] = Array.from({ length: 3 }, () => budget.lease());
    await holder?.hold(50, never);
    const gone = new AbortController();
    const waits = waiter?.hold(90, gone.signal);
    const behind = next?.hold(50, never);
    gone.abort(new Error('gone'));
    await assert.rejects(waits as Promise<void>, { message: 'gone' });
    await behind;
  });
});
