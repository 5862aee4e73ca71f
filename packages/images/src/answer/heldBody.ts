/** Large answers: what they take of the memory is held until the client has them, and no longer than it may take. */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { Lease } from '../memory/budget.ts';

/** Smaller ones are the server's, which bounds what waits for all of its clients. */
const leastBytes = 1024 * 1024;
const pieceBytes = 256 * 1024;

/**
 * The answer, which lets go of `held` when it has been sent, at the latest after `timeoutMs`.
 * @param held the lease among what it disposes of; it is taken over where the answer is large
 */
export async function holdAnswer(
  response: HttpResponse,
  lease: Lease,
  held: DisposableStack,
  timeoutMs: number,
): Promise<HttpResponse> {
  const { body } = response;
  if (!Buffer.isBuffer(body) || body.length < leastBytes) return response;
  // All else that it took is free again.
  await lease.hold(Math.min(lease.bytes, body.length), new AbortController().signal);
  return {
    ...response,
    headers: [...response.headers, 'Content-Length', String(body.length)],
    body: new HeldBody(body, held.move(), timeoutMs),
  };
}

class HeldBody implements AsyncIterableIterator<Uint8Array> {
  readonly #held: DisposableStack;
  readonly #timer: NodeJS.Timeout;
  #data: Buffer | null;
  #at = 0;

  constructor(data: Buffer, held: DisposableStack, timeoutMs: number) {
    this.#data = data;
    this.#held = held;
    this.#timer = setTimeout(() => this.#release(), timeoutMs).unref();
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const data = this.#data;
    if (data === null) throw new Error('The answer took longer than it may.');
    if (this.#at >= data.length) return await this.return();
    const piece = data.subarray(this.#at, this.#at + pieceBytes);
    this.#at += piece.length;
    return { done: false, value: piece };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#release();
    return { done: true, value: undefined };
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#data = null;
    this.#held.dispose();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this;
  }
}
