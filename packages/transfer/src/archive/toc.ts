import type { Compression } from '../bytes/decompress.ts';
import { TransferError } from '../errors.ts';
import { type Cursor, damaged } from './cursor.ts';

/** The layouts in which pg_dump keeps the same table of contents. */
export type ArchiveFormat = 'custom' | 'tar' | 'directory';

export interface ArchiveHeader {
  /** `1.16` is 16: all that are read have the major version 1. */
  readonly version: number;
  readonly format: ArchiveFormat;
  readonly compression: Compression;
  readonly offsetBytes: number;
  readonly database: string | null;
  readonly serverVersion: string | null;
  readonly dumpVersion: string | null;
}

/** One line of the table of contents. */
export interface ArchiveEntry {
  readonly id: number;
  /** Name, with a routine's arguments. */
  readonly tag: string;
  /** `TABLE`, `TABLE DATA`, `ACL` … */
  readonly kind: string;
  readonly definition: string;
  readonly dropStatement: string;
  readonly copyStatement: string;
  readonly schema: string;
  readonly owner: string;
  readonly hasData: boolean;
  /** Where the data are in a custom archive; null when the writer could not go back to say so. */
  readonly offset: number | null;
  /** The file that holds them in a folder or a tar. */
  readonly file: string;
}

const FORMATS: Readonly<Record<number, ArchiveFormat>> = { 1: 'custom', 3: 'tar', 5: 'directory' };
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'lz4', 'zstd'];
/** PostgreSQL 9.0's and 17's. */
const OLDEST = 12;
const NEWEST = 16;
const MAX_ENTRIES = 10_000_000;
const OFFSET_SET = 2;

/** @throws {TransferError} when it is of a version or format that is not known here. */
export async function readHeader(cursor: Cursor): Promise<ArchiveHeader> {
  const magic = await cursor.file.view(cursor.at, 5);
  if (magic.toString('latin1') !== 'PGDMP')
    throw new TransferError(`${cursor.file.name} is no archive of pg_dump.`);
  cursor.at += 5;
  const major = await cursor.byte();
  const version = await cursor.byte();
  await cursor.byte();
  if (major !== 1 || version < OLDEST || version > NEWEST)
    throw new TransferError(
      `${cursor.file.name} is an archive of version ${major}.${version}; 1.${OLDEST} to 1.${NEWEST} are read, of PostgreSQL 9.0 to 17.`,
      {
        hint: 'Turn it into a plain dump with the pg_restore that belongs to it: pg_restore -f dump.sql FILE',
      },
    );
  cursor.integerBytes = await cursor.byte();
  const offsetBytes = await cursor.byte();
  const format = FORMATS[await cursor.byte()];
  if (format === undefined || cursor.integerBytes < 2 || cursor.integerBytes > 8) throw damaged();
  const compression = await readCompression(cursor, version);
  // When it was made: seconds, minutes, hours, day, month, year, summer time.
  for (let index = 0; index < 7; index++) await cursor.integer();
  return {
    version,
    format,
    compression,
    offsetBytes,
    database: await cursor.text(),
    serverVersion: await cursor.text(),
    dumpVersion: await cursor.text(),
  };
}

async function readCompression(cursor: Cursor, version: number): Promise<Compression> {
  if (version >= 15) {
    const compression = COMPRESSIONS[await cursor.byte()];
    if (compression === undefined) throw damaged();
    return compression;
  }
  // A level; -1 is the usual one.
  return (await cursor.integer()) === 0 ? 'none' : 'gzip';
}

/** @throws {TransferError} */
export async function readContents(cursor: Cursor, header: ArchiveHeader): Promise<readonly ArchiveEntry[]> {
  const count = await cursor.integer();
  if (count < 0 || count > MAX_ENTRIES) throw damaged();
  const entries: ArchiveEntry[] = [];
  for (let index = 0; index < count; index++) entries.push(await readEntry(cursor, header));
  return entries;
}

async function readEntry(
  cursor: Cursor,
  { version, format, offsetBytes }: ArchiveHeader,
): Promise<ArchiveEntry> {
  const text = async (): Promise<string> => (await cursor.text()) ?? '';
  const id = await cursor.integer();
  const hasData = (await cursor.integer()) !== 0;
  // The catalog's own numbers.
  await text();
  await text();
  const tag = await text();
  const kind = await text();
  // Section, which `kind` says as well.
  await cursor.integer();
  const definition = await text();
  const dropStatement = await text();
  const copyStatement = await text();
  const schema = await text();
  // Tablespace and access method: everything goes to the default.
  await text();
  if (version >= 14) await text();
  if (version >= 16) await cursor.integer();
  const owner = await text();
  // Whether the table had OIDs, long ago.
  await text();
  for (let dependency = await cursor.text(); dependency !== null; dependency = await cursor.text());
  let offset: number | null = null;
  let file = '';
  if (format === 'custom') {
    const state = await cursor.byte();
    const at = await cursor.offset(offsetBytes);
    if (state === OFFSET_SET) offset = at;
  } else {
    file = await text();
  }
  return { id, tag, kind, definition, dropStatement, copyStatement, schema, owner, hasData, offset, file };
}
