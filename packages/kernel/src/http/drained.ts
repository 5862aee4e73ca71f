import type { Writable } from 'node:stream';

/** Settles when the stream takes more, or is closed. */
export function drained(stream: Writable): Promise<void> {
  return new Promise(resolve => {
    if (stream.destroyed || !stream.writableNeedDrain) {
      resolve();
      return;
    }
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}
