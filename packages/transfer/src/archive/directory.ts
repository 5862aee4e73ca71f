import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Compression, decompress } from '../bytes/decompress.ts';
import { RandomFile } from '../bytes/file.ts';
import { TransferError } from '../errors.ts';
import { type ArchiveData, readLargeObjects } from './data.ts';
import type { ArchiveEntry } from './toc.ts';

/** What pg_dump appends to a file's name, by how it compressed it. */
const SUFFIXES: readonly (readonly [suffix: string, compression: Compression])[] = [
  ['', 'none'],
  ['.gz', 'gzip'],
  ['.lz4', 'lz4'],
  ['.zst', 'zstd'],
];

/** The data of a dump in the directory format: a file an entry, each compressed as its name says. */
export function openDirectory(folder: string, entries: readonly ArchiveEntry[]): ArchiveData {
  const files = new Map(entries.map(({ id, file }) => [id, file]));
  return {
    rows: ({ id }) => readFile(folder, files.get(id) ?? ''),
    largeObjects: ({ id }) => readLargeObjects(files.get(id) ?? '', name => readFile(folder, name)),
    close: () => Promise.resolve(),
  };
}

async function* readFile(folder: string, name: string): AsyncGenerator<Buffer> {
  // A name out of the contents leads nowhere but into the folder.
  if (name !== path.basename(name) || name === '' || name === '..')
    throw new TransferError(`The contents of ${folder} name a file that cannot be: ${JSON.stringify(name)}.`);
  const found = SUFFIXES.find(([suffix]) => existsSync(path.join(folder, name + suffix)));
  if (!found) throw new TransferError(`${folder} has no file ${name}, which its contents name.`);
  const [suffix, compression] = found;
  const file = await RandomFile.open(path.join(folder, name + suffix));
  try {
    yield* decompress(file.stream(0), compression, 'file');
  } finally {
    await file.close();
  }
}
