import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { maxSocketPathBytes } from '@peakstone/kernel/ports';
import { DatabaseError, systemCode } from '../errors.ts';
import { scriptAs } from '../host/asUser.ts';
import { canReach, isOpenTo, type RunUser } from '../host/user.ts';
import { ensurePrivate } from '../private.ts';
import { assertOwnData, noteLink, tieData } from './tie.ts';

/** Where root keeps what must lie outside a project that the server's user cannot enter. */
export const SYSTEM_DATA = '/var/lib/peakstone';

/**
 * The folder that shall really hold the data. A project under a closed folder (such as /root) cannot be entered by the
 * unprivileged user that root drops to: the data then goes to /var/lib/peakstone, and `dataDir` becomes a link to it.
 * @throws {DatabaseError} SHARED_DATA where that link was copied along with its project
 */
export async function resolveDataDir(
  dataDir: string,
  user: RunUser,
  notice: (text: string) => void,
): Promise<string> {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (!found.isSymbolicLink()) return realpathSync(dataDir);
    const target = followDataLink(dataDir);
    if (path.dirname(path.dirname(target)) === SYSTEM_DATA) {
      assertOwnData(dataDir);
      tieData(path.dirname(target), dataDir);
    }
    return target;
  }
  await makeParents(path.dirname(dataDir), user);
  const parent = realpathSync(path.dirname(dataDir));
  if (canReach(parent, user)) return path.join(parent, path.basename(dataDir));

  const project = path
    .basename(path.dirname(parent))
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 32);
  const home = path.join(SYSTEM_DATA, `${project}-${randomBytes(4).toString('hex')}`);
  // The server's user must get through.
  for (const folder of [SYSTEM_DATA, home]) ensurePrivate(folder, { mode: 0o711 });
  noteLink(home, dataDir);
  const real = path.join(home, 'postgres');
  symlinkSync(real, dataDir);
  tieData(home, dataDir);
  notice(
    `${user.name ?? user.uid} cannot enter ${parent}: the data is kept in ${real}, and ${dataDir} links to it.`,
  );
  return real;
}

/** Where the server's user could lead it elsewhere meanwhile, the user makes it. */
async function makeParents(folder: string, user: RunUser): Promise<void> {
  if (isOpenTo(user, folder)) await scriptAs(user, 'mkdir -p -- "$1"', [folder]);
  else mkdirSync(folder, { recursive: true });
}

/** A link of ours may lead to a folder that a start was killed before making; any other must lead somewhere. */
function followDataLink(link: string): string {
  try {
    return realpathSync(link);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const target = path.resolve(path.dirname(link), readlinkSync(link));
    if (path.dirname(path.dirname(target)) === SYSTEM_DATA && existsSync(path.dirname(target))) return target;
    throw new DatabaseError(
      'NOT_A_DATA_FOLDER',
      `${link} is a link to ${target}, which is not there.`,
      'Mount or restore what it points to, or remove the link to start with an empty database.',
      error,
    );
  }
}

/** The name is `.s.PGSQL.` and the port. */
const maxSocketDirBytes = maxSocketPathBytes - '/.s.PGSQL.65535'.length;

/** Beside the data. */
export function socketFolderOf(dataDir: string): string {
  return path.join(path.dirname(dataDir), 'run');
}

/**
 * A folder for the socket that only the server's user (and root) may enter: `run` beside the data, or, where that path
 * is too long for a socket, one of its own in the temporary folder.
 * @param mustExist a database that comes back after a crash had it: where it is gone, somebody removes the whole folder, who
 *   would find it again. Null then.
 * @throws {DatabaseError} PERMISSION_DENIED when somebody else has prepared the name.
 */
export async function prepareSocketDir(
  dataDir: string,
  user: RunUser,
  mustExist = false,
): Promise<string | null> {
  const parent = path.dirname(dataDir);
  const beside = socketFolderOf(dataDir);
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder =
    Buffer.byteLength(beside) <= maxSocketDirBytes ? beside : `/tmp/peakstone-${user.uid}-${hash}`;
  if (folder !== beside) return ensurePrivate(folder, { owner: user });
  if (mustExist && !existsSync(folder)) return null;
  if (isOpenTo(user, parent)) {
    await scriptAs(user, 'mkdir -p -m 700 -- "$1"', [folder]);
    return folder;
  }
  // Beside the data, what is above it is as safe as the data are.
  return ensurePrivate(folder, { owner: user, within: parent });
}
