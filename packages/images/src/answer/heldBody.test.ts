import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import { Budget } from '../memory/budget.ts';
import { holdAnswer } from './heldBody.ts';

const bytes = 3_000_000;

async function held(size: number, timeoutMs: number) {
  const budget = new Budget(10 * bytes);
  using own = new DisposableStack();
  const lease = own.use(budget.lease());
  await lease.hold(5 * bytes, new AbortController().signal);
  const response = { status: 200, headers: [], body: Buffer.alloc(size, 7) };
  return { budget, answer: await holdAnswer(response, lease, own, timeoutMs) };
}

describe('a large answer', () => {
  it('holds its part of the memory until the client has it', async () => {
    const { budget, answer } = await held(bytes, 60_000);
    assert.equal(budget.usedBytes, bytes);
    const pieces: Uint8Array[] = [];
    for await (const piece of answer.body as AsyncIterable<Uint8Array>) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).equals(Buffer.alloc(bytes, 7)));
    assert.deepEqual(answer.headers, ['Content-Length', String(bytes)]);
    assert.equal(budget.usedBytes, 0);
  });

  it('is given up when its client does not read it in time', async () => {
    const { budget, answer } = await held(bytes, 1);
    await until(() => budget.usedBytes === 0);
    const body = (answer.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await assert.rejects(body.next(), /longer than it may/);
  });

  it('holds nothing when it is sent to nobody, and a small one never does', async () => {
    const { budget, answer } = await held(bytes, 60_000);
    await (answer.body as AsyncIterableIterator<Uint8Array>).return?.();
    assert.equal(budget.usedBytes, 0);
    const small = await held(1000, 60_000);
    assert.equal(small.budget.usedBytes, 0);
    assert.ok(Buffer.isBuffer(small.answer.body));
  });
});
