import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { assertPrivateFolder, privateFolder, UnsafePlaceError } from '@peakstone/kernel/private';
import { BackupError } from '../errors.ts';
import { isKey, maxObjectBytes, type Store, type StoredObject } from './store.ts';

/** Begins the names of files that are being written; a kill leaves them behind. */
const unfinished = '.unfinished-';
/** Nobody writes an object for longer. */
const unfinishedMs = 60 * 60 * 1000;

/**
 * Keeps objects as files of a folder, readable by their owner alone: written beside, synced, renamed, the folder synced.
 * @param folder absolute; made when the first object is put
 */
export function folderStore(folder: string): Store {
  const fileOf = (key: string): string => {
    if (!isKey(key)) throw new RangeError(`'${key}' is no key`);
    return path.join(folder, key);
  };
  return {
    place: folder,
    isRemote: false,
    async put(key, bytes, { ifAbsent = false } = {}) {
      const file = fileOf(key);
      const parent = path.dirname(file);
      const beside = path.join(parent, `${unfinished}${randomBytes(8).toString('hex')}`);
      try {
        await makeFolder(folder, parent);
        await writeSynced(beside, bytes);
        if (ifAbsent) {
          if (!(await linkNew(beside, file))) return false;
        } else await rename(beside, file);
        await syncFolder(parent);
        return true;
      } catch (error) {
        throw explain(error, folder);
      } finally {
        await rm(beside, { force: true }).catch(ignoreAbsent);
      }
    },
    async get(key) {
      try {
        const { size } = await stat(fileOf(key));
        if (size > maxObjectBytes)
          throw new BackupError(
            'CORRUPT',
            `${fileOf(key)} is too large to be ours.`,
            'Look at what wrote it.',
          );
        return await readFile(fileOf(key));
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw explain(error, folder);
      }
    },
    async list(prefix) {
      // Only the folder that the prefix names can hold such keys.
      const top = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const found: StoredObject[] = [];
      try {
        await walk(folder, top.replace(/\/$/, ''), found);
      } catch (error) {
        throw explain(error, folder);
      }
      return found
        .filter(({ key }) => key.startsWith(prefix))
        .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    },
    async folders() {
      try {
        const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreAbsent);
        return (entries ?? [])
          .filter(entry => entry.isDirectory() && isKey(entry.name))
          .map(({ name }) => name)
          .sort();
      } catch (error) {
        throw explain(error, folder);
      }
    },
    async delete(keys) {
      const parents = new Set<string>();
      try {
        for (const key of keys) {
          await rm(fileOf(key), { force: true });
          parents.add(path.dirname(fileOf(key)));
        }
        for (const parent of parents) await syncFolder(parent).catch(ignoreAbsent);
      } catch (error) {
        throw explain(error, folder);
      }
    },
  };
}

/** What lies there is restored as the database: nobody else may be able to put something in its place. */
async function makeFolder(root: string, folder: string): Promise<void> {
  const isThere = await stat(root).then(
    () => true,
    () => false,
  );
  if (isThere) assertPrivateFolder(root);
  else privateFolder(root);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  // Each new folder is an entry of the one above.
  for (let at = folder; at.startsWith(root) && at !== path.dirname(at); at = path.dirname(at))
    await syncFolder(path.dirname(at));
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Gives the file a second name, unless somebody has it. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } finally {
    await handle?.close();
  }
}

async function walk(root: string, relative: string, found: StoredObject[]): Promise<void> {
  const folder = path.join(root, relative);
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreAbsent);
  for (const entry of entries ?? []) {
    const key = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (entry.name.startsWith(unfinished)) {
      await removeAbandoned(path.join(folder, entry.name));
    } else if (entry.isDirectory()) await walk(root, key, found);
    else if (entry.isFile() && isKey(key)) {
      const stats = await stat(path.join(folder, entry.name)).catch(ignoreAbsent);
      if (stats) found.push({ key, bytes: stats.size });
    }
  }
}

async function removeAbandoned(file: string): Promise<void> {
  const stats = await stat(file).catch(ignoreAbsent);
  if (stats && Date.now() - stats.mtimeMs > unfinishedMs) await rm(file, { force: true });
}

function ignoreAbsent(error: unknown): undefined {
  if (isAbsent(error)) return undefined;
  throw error;
}

function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

const todo: Readonly<Record<string, string>> = {
  ENOSPC: 'Free some space there, keep fewer backups, or name another place (BACKUP_STORE).',
  EDQUOT: 'Free some space there, keep fewer backups, or name another place (BACKUP_STORE).',
  EROFS: 'Mount it for writing, or name another place (BACKUP_STORE).',
};

function explain(error: unknown, folder: string): unknown {
  if (error instanceof UnsafePlaceError) return new BackupError('STORE', error.message, error.hint, error);
  const code = codeOf(error);
  if (code === undefined || error instanceof BackupError) return error;
  return new BackupError(
    'STORE',
    `The backup folder ${folder} cannot be used: ${(error as Error).message}.`,
    todo[code] ?? 'Name a folder that this user may write in (BACKUP_STORE).',
    error,
  );
}
