import { readdirSync, statSync } from 'node:fs';
import { MAJOR_VERSION } from '../binaries/find.ts';
import { DatabaseError, explainSystemError, systemCode } from '../errors.ts';
import type { RunUser } from '../host/user.ts';
import { readServerFile } from './serverFile.ts';
import { assertOwnData } from './tie.ts';

/** Written into every data folder we make; its absence means that somebody else did. */
export const MARKER = 'peakstone.json';

/** What is at the place where the data shall be. */
export type DataFolder =
  | { readonly kind: 'absent' }
  | { readonly kind: 'empty'; readonly uid: number }
  | { readonly kind: 'cluster'; readonly uid: number };

/**
 * Looks at a data folder without touching it.
 * @param adopt Accept a PostgreSQL 17 data folder that we did not make.
 * @throws {DatabaseError} WRONG_MAJOR_VERSION, NOT_A_DATA_FOLDER, FOREIGN_DATA_FOLDER, SHARED_DATA, PERMISSION_DENIED
 */
export function inspectDataFolder(dataDir: string, adopt: boolean): DataFolder {
  assertOwnData(dataDir);
  let entries: string[];
  let uid: number;
  try {
    uid = statSync(dataDir).uid;
    entries = readdirSync(dataDir);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { kind: 'absent' };
    if (systemCode(error) === 'ENOTDIR') throw notADataFolder(dataDir, 'it is not a folder');
    if (systemCode(error) === 'EACCES') throw foreignOwner(dataDir, ownerOf(dataDir));
    throw explainSystemError(error, dataDir);
  }
  // A file system's root brings this folder along; PostgreSQL's own initdb ignores it likewise.
  const relevant = entries.filter(entry => entry !== 'lost+found');
  if (relevant.length === 0) return { kind: 'empty', uid };
  if (!relevant.includes('PG_VERSION')) throw notADataFolder(dataDir, 'it holds other files');

  const major = readServerFile(dataDir, 'PG_VERSION')?.trim() ?? '';
  if (!/^[\d.]{1,8}$/.test(major)) throw notADataFolder(dataDir, 'its PG_VERSION names no version');
  if (major !== String(MAJOR_VERSION)) {
    throw new DatabaseError(
      'WRONG_MAJOR_VERSION',
      `${dataDir} was made by PostgreSQL ${major}; this is PostgreSQL ${MAJOR_VERSION}, which cannot read it.`,
      `Dump it with PostgreSQL ${major} (pg_dumpall) and restore the dump into a new folder, or use pg_upgrade. The folder was not touched.`,
    );
  }
  if (!adopt && !relevant.includes(MARKER)) {
    throw new DatabaseError(
      'FOREIGN_DATA_FOLDER',
      `${dataDir} is a PostgreSQL data folder that PeakStone did not make.`,
      'Choose another folder, or set DATABASE_ADOPT=true to run it (roles and grants of the stack are then added to it).',
    );
  }
  return { kind: 'cluster', uid };
}

/** The owner of the folder, or undefined when there is none. */
export function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

function notADataFolder(dataDir: string, why: string): DatabaseError {
  return new DatabaseError(
    'NOT_A_DATA_FOLDER',
    `${dataDir} cannot hold the database: ${why}.`,
    'Choose an empty or a new folder. Nothing in this one was touched.',
  );
}

/** @param user as whom the server would run; by default as this process */
export function foreignOwner(dataDir: string, uid: number | undefined, user?: RunUser): DatabaseError {
  const owner = uid === undefined ? 'another user' : `user id ${uid}`;
  if (user?.dropped) {
    const name = user.name ?? String(user.uid);
    return new DatabaseError(
      'FOREIGN_OWNER',
      `${dataDir} belongs to ${owner}, and PostgreSQL, which never runs as root, would run as ${name}.`,
      `Where all in it is this database’s, hand it over: chown -R ${name}: ${dataDir}`,
    );
  }
  return new DatabaseError(
    'FOREIGN_OWNER',
    `${dataDir} belongs to ${owner}, and this is user id ${process.getuid?.()}.`,
    `Start as its owner or as root, or hand it over: sudo chown -R $(id -un) ${dataDir}`,
  );
}
