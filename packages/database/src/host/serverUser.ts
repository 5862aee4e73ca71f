import { removeAsOwners, writeFilesAs } from './asUser.ts';
import { isOpenTo, resolveRunUser } from './user.ts';

/** The account that PostgreSQL runs as, for those who make a data folder themselves. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
  /** Whether it could put something else in the place of what this process makes in a folder, which need not be there yet. */
  mayReplaceIn(folder: string): boolean;
  /** Writes files of a folder of its own, as itself. */
  write(folder: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Removes a folder that may hold some of its own, as it. */
  remove(folder: string): Promise<void>;
}

/**
 * @param dataOwner uid of a data folder that is there
 * @returns undefined where it is this process's own @throws {DatabaseError} NO_UNPRIVILEGED_USER
 */
export function findServerUser(dataOwner?: number): ServerUser | undefined {
  const user = resolveRunUser(dataOwner, () => undefined);
  if (!user.dropped) return undefined;
  return {
    uid: user.uid,
    gid: user.gid,
    mayReplaceIn: folder => isOpenTo(user, folder, 'ours'),
    write: (folder, files) => writeFilesAs(user, folder, files),
    remove: removeAsOwners,
  };
}
