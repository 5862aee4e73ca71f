/**
 * Archives of pg_dump: `-Fc` in its four compressions, written to a file or into a pipe, `-Fd` and `-Ft`.
 * @see https://www.postgresql.org/docs/17/app-pgdump.html
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { RandomFile } from '../bytes/file.ts';
import { TransferError } from '../errors.ts';
import { Cursor } from './cursor.ts';
import { openCustom } from './custom.ts';
import type { ArchiveData } from './data.ts';
import { openDirectory } from './directory.ts';
import { openTar, readTar } from './tar.ts';
import { type ArchiveEntry, type ArchiveHeader, readContents, readHeader } from './toc.ts';

export type { ArchiveEntry, ArchiveHeader } from './toc.ts';

export interface Archive extends ArchiveData {
  readonly header: ArchiveHeader;
  readonly entries: readonly ArchiveEntry[];
}

/** Whether a path is an archive, of whatever layout; anything else is taken for text. */
export async function isArchive(name: string): Promise<boolean> {
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) return true;
  const file = await RandomFile.open(name);
  try {
    const head = await file.view(0, Math.min(262, file.size));
    return head.toString('latin1', 0, 5) === 'PGDMP' || head.toString('latin1', 257, 262) === 'ustar';
  } finally {
    await file.close();
  }
}

/** Opens an archive, which the caller closes. @throws {TransferError} when it cannot be read. */
export async function openArchive(name: string): Promise<Archive> {
  if (statSync(name, { throwIfNoEntry: false })?.isDirectory()) return await openFolder(name);
  const file = await RandomFile.open(name);
  try {
    const isTar = (await file.view(0, 5)).toString('latin1') !== 'PGDMP';
    return isTar ? await openTarFile(file) : await openCustomFile(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openCustomFile(file: RandomFile): Promise<Archive> {
  const cursor = new Cursor(file);
  const header = await readHeader(cursor);
  const entries = await readContents(cursor, header);
  const data = await openCustom(file, header, entries, cursor.at, cursor.integerBytes);
  return { header, entries, ...data };
}

async function openFolder(folder: string): Promise<Archive> {
  const contents = path.join(folder, 'toc.dat');
  if (!existsSync(contents))
    throw new TransferError(`${folder} is a folder without toc.dat: no dump of pg_dump's directory format.`, {
      hint: 'Name the folder that pg_dump -Fd wrote, or the files of the Supabase CLI one by one.',
    });
  const file = await RandomFile.open(contents);
  try {
    const cursor = new Cursor(file);
    const header = await readHeader(cursor);
    const entries = await readContents(cursor, header);
    return { header, entries, ...openDirectory(folder, entries) };
  } finally {
    await file.close();
  }
}

async function openTarFile(file: RandomFile): Promise<Archive> {
  const members = await readTar(file);
  const contents = members.get('toc.dat');
  if (!contents)
    throw new TransferError(`${file.name} is a tar without toc.dat: no dump of pg_dump's tar format.`);
  const cursor = new Cursor(file, contents.at);
  const header = await readHeader(cursor);
  const entries = await readContents(cursor, header);
  return { header, entries, ...openTar(file, members, entries) };
}
