import { setImmediate as nextTurn } from 'node:timers/promises';
import { drained } from '../../drained.ts';
import type { Compressor } from './codecs.ts';

/**
 * A body compressed as it comes, under back-pressure. What the source has given is sent as soon as it pauses, so that a
 * client sees each part when it would have seen it uncompressed. Ends the source when its consumer stops early.
 */
export async function* compressStream(
  source: AsyncIterable<Uint8Array>,
  compressor: Compressor,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const feeding = feed(iterator, compressor);
  try {
    for await (const chunk of compressor) yield chunk as Buffer;
  } finally {
    compressor.destroy();
    await feeding;
  }
}

/** Never rejects: a source that fails fails the compressor, and so whoever reads from it. */
async function feed(iterator: AsyncIterator<Uint8Array>, compressor: Compressor): Promise<void> {
  const stopped = new Promise<null>(resolve => compressor.once('close', () => resolve(null)));
  try {
    let unsent = false;
    let ended = false;
    while (!ended) {
      const next = iterator.next();
      next.catch(() => {
        // Awaited below, unless nobody reads any more.
      });
      if (unsent && (await Promise.race([next, nextTurn(null)])) === null) {
        await Promise.race([new Promise<void>(resolve => compressor.flush(resolve)), stopped]);
        unsent = false;
      }
      const result = await Promise.race([stopped, next]);
      if (result === null) {
        iterator.return?.()?.catch(() => {
          // Nobody will see this body, so how it fails to close changes nothing.
        });
        return;
      }
      ended = result.done === true;
      if (ended) break;
      unsent = true;
      if (!compressor.write(result.value)) await drained(compressor);
    }
    compressor.end();
  } catch (error) {
    compressor.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
