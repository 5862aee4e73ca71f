import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { BackupError } from '../errors.ts';
import type { Vault } from '../vault.ts';
import type { StoredParts } from './parts.ts';

/** More than any part is. */
const maxPartBytes = 64 * 1024 * 1024;

/** The stream, from its objects. The next object is fetched while one is read. @throws {BackupError} MISSING, CORRUPT, KEY, STORE */
export async function* readParts(vault: Vault, stored: StoredParts): AsyncGenerator<Buffer> {
  const stream = createZstdDecompress();
  let failure: unknown;
  const fed = pipeline(
    Readable.from(fetchParts(vault, stored), { objectMode: true, highWaterMark: 1 }),
    stream,
  ).catch(error => {
    failure = error;
  });
  try {
    yield* stream as AsyncIterable<Buffer>;
    await fed;
    if (failure !== undefined) throw failure;
  } catch (error) {
    await fed;
    const cause = failure ?? error;
    if (cause instanceof BackupError) throw cause;
    if (!/^(ZSTD|ERR_ZSTD|Z_)/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new BackupError(
      'CORRUPT',
      `The files of backup ${stored.id} cannot be decompressed.`,
      'Restore from another one, and make a new full backup.',
      cause,
    );
  } finally {
    stream.destroy();
  }
}

async function* fetchParts(vault: Vault, { id, parts, nameOf }: StoredParts): AsyncGenerator<Buffer> {
  const fetch = (part: number): Promise<Buffer | undefined> => {
    const fetching = vault.read(nameOf(part), maxPartBytes);
    // Looked at when its turn comes.
    fetching.catch(() => undefined);
    return fetching;
  };
  let next = fetch(0);
  for (let part = 0; part < parts; part++) {
    const bytes = await next;
    if (part + 1 < parts) next = fetch(part + 1);
    if (bytes === undefined)
      throw new BackupError(
        'MISSING',
        `Backup ${id} is not whole: ${nameOf(part)} is not in ${vault.place}.`,
        'Restore from another one (peakstone backup list), and make a new full backup.',
      );
    yield bytes;
  }
}
