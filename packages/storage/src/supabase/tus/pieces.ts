/** One piece of an upload at a time; a newer request ends an older one that waits for bytes which will not come. */
import type { Hash } from 'node:crypto';
import { HttpError, type HttpRequest } from '@peakstone/kernel/http';
import { KeyLocks } from '../../records/keyLocks.ts';
import { TusError } from './tusError.ts';

export class Pieces {
  readonly #locks = new KeyLocks();
  readonly #running = new Map<string, AbortController>();

  /** @param work is told when a newer one wants its turn */
  async interrupting<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#running.get(id)?.abort();
    return await this.#locks.alone([id], async () => {
      const abort = new AbortController();
      this.#running.set(id, abort);
      try {
        return await work(abort.signal);
      } finally {
        if (this.#running.get(id) === abort) this.#running.delete(id);
      }
    });
  }

  /** The body, up to its end or to where it broke off. @throws {TusError} 413: more than was said comes */
  async *read(http: HttpRequest, most: number, digest: Hash, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const source = http.stream()[Symbol.asyncIterator]();
    const aborted = signal && whenAborted(signal);
    let bytes = 0;
    try {
      for (;;) {
        const step = await (aborted ? Promise.race([source.next(), aborted]) : source.next());
        if (step.done) return;
        bytes += step.value.length;
        if (bytes > most) throw new TusError(413, 'Maximum size exceeded');
        digest.update(step.value);
        yield step.value;
      }
    } catch (error) {
      // What came of it counts: the client asks how far it is, and goes on from there.
      if (!(error instanceof HttpError)) throw error;
    }
  }
}

function whenAborted(signal: AbortSignal): Promise<IteratorResult<Buffer>> {
  const end = { done: true, value: undefined } as const;
  if (signal.aborted) return Promise.resolve(end);
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(end), { once: true }));
}
