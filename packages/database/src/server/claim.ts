/** Who may run a data folder, and what becomes of one that root has copied. */
import { existsSync, lchownSync, lstatSync, readdirSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { isOpenTo, type RunUser } from '../host/user.ts';
import { type DataFolder, foreignOwner, MARKER } from './folder.ts';
import { socketFolderOf } from './places.ts';

/**
 * Only the folder's owner may run it; PostgreSQL insists as well. What root has copied (`cp -r`) is root's, who starts the
 * server as another: it is handed over, where nobody else can have had a hand in it.
 * @throws {DatabaseError} FOREIGN_OWNER; nothing is changed then
 */
export function claimDataFolder(
  dataDir: string,
  folder: DataFolder,
  user: RunUser,
  notice: (text: string) => void,
): void {
  if (folder.kind !== 'cluster' || folder.uid === user.uid) return;
  const entries = entriesOf(dataDir, folder, user);
  if (entries === null) throw foreignOwner(dataDir, folder.uid, user);
  // The folder itself last: one that is killed before goes on with the next start, as nobody could enter it meanwhile.
  for (const entry of entries.toReversed()) lchownSync(entry, user.uid, user.gid);
  const sockets = socketFolderOf(dataDir);
  // Its sockets' folder was copied along, and is made anew where it is not there.
  if (existsSync(sockets) && lstatSync(sockets).isDirectory() && readdirSync(sockets).length === 0)
    rmdirSync(sockets);
  notice(
    `${dataDir} was root’s, as what root copies is: it belongs to ${user.name ?? user.uid} now, as whom PostgreSQL runs.`,
  );
}

/** All that is to be handed over, or null where anybody could get something by it that is not of this database. */
function entriesOf(dataDir: string, folder: DataFolder, user: RunUser): readonly string[] | null {
  if (!user.dropped || folder.kind !== 'cluster' || folder.uid !== 0) return null;
  if (!existsSync(path.join(dataDir, MARKER))) return null;
  // Closed to all but root, and so is the way to it: what is in it was put there by root.
  const isClosed = (lstatSync(dataDir).mode & 0o077) === 0 && !isOpenTo(user, path.dirname(dataDir), 'ours');
  if (!isClosed) return null;
  const entries = walk(dataDir);
  const isOfDatabase = (entry: string): boolean => {
    const found = lstatSync(entry);
    if (found.uid !== 0 && found.uid !== user.uid) return false;
    // A second name could be that of any file of root's.
    return found.isDirectory() || found.isSymbolicLink() || (found.isFile() && found.nlink === 1);
  };
  return entries.every(isOfDatabase) ? entries : null;
}

/** A folder and all that is in it, none of it by a link: a tablespace lies elsewhere. */
function walk(entry: string): readonly string[] {
  if (!lstatSync(entry).isDirectory()) return [entry];
  return [entry, ...readdirSync(entry).flatMap(name => walk(path.join(entry, name)))];
}
