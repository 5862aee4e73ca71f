import type { RandomFile } from '../bytes/file.ts';
import { TransferError } from '../errors.ts';
import { damaged } from './cursor.ts';
import { type ArchiveData, readLargeObjects } from './data.ts';
import type { ArchiveEntry } from './toc.ts';

const BLOCK = 512;

interface Member {
  readonly at: number;
  readonly size: number;
}

/** Where the files of a tar are, by name. @throws {TransferError} */
export async function readTar(file: RandomFile): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  for (let at = 0; at + BLOCK <= file.size; ) {
    const head = await file.view(at, BLOCK);
    const name = head.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    if (name === '') break;
    const size = readSize(head.subarray(124, 136));
    members.set(name, { at: at + BLOCK, size });
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return members;
}

/** Octal digits, or, for what is longer, bytes behind a set first bit. */
function readSize(field: Buffer): number {
  if (field[0]! & 0x80) return Number(BigInt(`0x${field.subarray(1).toString('hex')}`));
  const size = Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim() || '0', 8);
  if (!Number.isSafeInteger(size)) throw damaged();
  return size;
}

/** The data of a dump in the tar format, which pg_dump does not compress. */
export function openTar(
  file: RandomFile,
  members: ReadonlyMap<string, Member>,
  entries: readonly ArchiveEntry[],
): ArchiveData {
  const files = new Map(entries.map(({ id, file: name }) => [id, name]));
  const read = (name: string): AsyncIterable<Buffer> => {
    const member = members.get(name);
    if (!member)
      throw new TransferError(`The tar has no file ${JSON.stringify(name)}, which its contents name.`);
    return file.stream(member.at, member.at + member.size);
  };
  return {
    rows: ({ id }) => read(files.get(id) ?? ''),
    largeObjects: ({ id }) => {
      // Before PostgreSQL 17 there is one list for all.
      const own = `blobs_${id}.toc`;
      return readLargeObjects(members.has(own) ? own : 'blobs.toc', read);
    },
    close: () => file.close(),
  };
}
