/** Dumps as items: plain files of pg_dump and pg_dumpall, the Supabase CLI's three, and archives of every format. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { DumpEnd } from '@peakstone/kernel/script';
import { isArchive, openArchive } from '../archive/index.ts';
import { TransferError } from '../errors.ts';
import { readArchiveItems } from './archiveItems.ts';
import { assertScript } from './assertScript.ts';
import type { DumpSource, Item } from './item.ts';
import { readPlainFile } from './plainFile.ts';
import { readText } from './textFile.ts';

export type { DumpSource, Item } from './item.ts';

/**
 * Opens a dump: one archive, or plain files in the order in which they shall be run.
 * @throws {TransferError} when one cannot be read.
 */
export async function openDump(files: readonly string[]): Promise<DumpSource> {
  const kinds = await Promise.all(files.map(async name => ({ name, archive: await isArchive(name) })));
  const archives = kinds.filter(({ archive }) => archive);
  if (archives.length > 0 && files.length > 1)
    throw new TransferError(`${archives[0]!.name} is an archive, which is imported by itself.`, {
      hint: 'Name one archive, or several plain files in their order: roles, schema, data.',
    });
  if (archives.length === 0) for (const name of files) await assertScript(name);
  const sizes = files.map(sizeOf);
  const identity = files
    .map((name, index) => `${path.resolve(name)} ${sizes[index]} ${Math.floor(statSync(name).mtimeMs)}`)
    .join('\n');
  let bytesRead = 0;
  const ends = new Map<string, string>();
  return {
    identity,
    totalBytes: sizes.reduce((sum, size) => sum + size, 0),
    get bytesRead() {
      return bytesRead;
    },
    get missing() {
      return [...ends].map(([name, why]) => ({ name, why }));
    },
    async *items() {
      bytesRead = 0;
      ends.clear();
      for (const name of files) {
        if (archives.length > 0) yield* itemsOfArchive(name);
        else {
          const end = new DumpEnd();
          const text = readText(name, bytes => {
            bytesRead += bytes;
          });
          yield* readPlainFile(name, text, end);
          if (end.missing !== null) ends.set(name, end.missing);
        }
      }
    },
  };
}

async function* itemsOfArchive(name: string): AsyncGenerator<Item> {
  const archive = await openArchive(name);
  try {
    yield* readArchiveItems(archive);
  } finally {
    await archive.close();
  }
}

function sizeOf(name: string): number {
  return statSync(name).size;
}
