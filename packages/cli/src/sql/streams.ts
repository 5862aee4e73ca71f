/** Streams that a session reads and writes, each step awaited. */
import type { Readable, Writable } from 'node:stream';
import { CliError } from '../grammar/errors.ts';

/** Settles when the stream takes more, so that a slow reader holds up the server and not our memory. */
export async function write(stream: Writable, part: string | Buffer): Promise<void> {
  if (part.length === 0 || stream.write(part) || stream.destroyed) return;
  await new Promise<void>(resolve => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** Settles when the file is open. @param at where it is named @throws {CliError} when it cannot be opened. */
export function opened(stream: Readable | Writable, file: string, at: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const events: NodeJS.EventEmitter = stream;
    events.once('open', () => resolve());
    events.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CliError(`${at}: ${file} cannot be opened: ${error.code ?? error.message}.`, { cause: error }),
      ),
    );
  });
}

/** Settles when all that was written is out. */
export function ended(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.end(() => resolve());
  });
}
