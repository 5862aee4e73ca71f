import {
  existsSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseError, explainSystemError, systemCode } from '../errors.ts';
import { removeAsOwners } from '../host/asUser.ts';
import { processesIn } from '../host/processes.ts';
import { inspectDataFolder } from './folder.ts';
import { SYSTEM_DATA } from './places.ts';
import { readLockFile } from './postmaster.ts';
import { isOrphanOf, linkTo, otherOwner } from './tie.ts';

/** Where a database's files really are: `dataDir`, or what it links to; null when there are none. */
export function locateDataFolder(dataDir: string): string | null {
  // Where a file stands in the way of it there is nothing either, which others tell.
  if (!existsSync(path.dirname(dataDir)) || !statSync(path.dirname(dataDir)).isDirectory()) return null;
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (!found) return null;
  if (!found.isSymbolicLink()) return realpathSync(dataDir);
  const target = path.resolve(path.dirname(dataDir), readlinkSync(dataDir));
  return existsSync(target) ? realpathSync(target) : target;
}

/**
 * What `removeDataFolder` would remove, having made sure that it may: folders that PeakStone made, of a server that does
 * not run. A link is followed only to where PeakStone itself put the data.
 * @throws {DatabaseError} NOT_A_DATA_FOLDER, FOREIGN_DATA_FOLDER, IN_USE
 */
export function planRemoval(dataDir: string): readonly string[] {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (!found) {
    const left = dataLeftBehind(dataDir);
    assertOrphans(dataDir, left);
    for (const home of left)
      if (existsSync(path.join(home, 'postgres'))) assertUnused(path.join(home, 'postgres'));
    return left;
  }
  const real = locateDataFolder(dataDir) as string;
  if (existsSync(real)) {
    if (found.isSymbolicLink()) assertOurLink(dataDir, real);
    // A cluster of somebody else's, or any other folder, is refused; so is one of another version, which we did not make.
    inspectDataFolder(real, false);
    assertUnused(real);
  }
  if (!found.isSymbolicLink()) return [real];
  return existsSync(path.dirname(real)) && isOurHome(path.dirname(real))
    ? [path.dirname(real), dataDir]
    : [dataDir];
}

/** Removes a database's files wherever they are. @throws as `planRemoval`, before anything is removed */
export async function removeDataFolder(dataDir: string): Promise<readonly string[]> {
  const removed = planRemoval(dataDir);
  for (const place of removed) {
    if (lstatSync(place).isSymbolicLink()) unlinkSync(place);
    else
      await removeAsOwners(place).catch(error => {
        throw explainSystemError(error, place);
      });
  }
  return removed;
}

/**
 * Data of ours that a link at `dataDir` led to, which is not there now: it was removed, or moved with its project, and
 * only people know which.
 */
export function dataLeftBehind(dataDir: string): readonly string[] {
  if (lstatSync(dataDir, { throwIfNoEntry: false }) || !existsSync(SYSTEM_DATA)) return [];
  return systemHomes()
    .map(name => path.join(SYSTEM_DATA, name))
    .filter(home => linkTo(home) === dataDir);
}

/** None where the folder is closed to us, as root has it: what is in it is root's to look after. */
function systemHomes(): readonly string[] {
  try {
    return readdirSync(SYSTEM_DATA);
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return [];
    throw error;
  }
}

function assertOrphans(dataDir: string, left: readonly string[]): void {
  if (left.every(home => isOrphanOf(home, dataDir))) return;
  throw new DatabaseError(
    'NOT_A_DATA_FOLDER',
    `The data of ${dataDir} are still in ${left.join(' and ')}; the link to them is gone.`,
    `Nothing was removed, as a project that was moved would lose them. If it was not: rm -r ${left.join(' ')}`,
  );
}

function isOurHome(home: string): boolean {
  return path.dirname(home) === SYSTEM_DATA;
}

function assertOurLink(link: string, real: string): void {
  const home = path.dirname(real);
  if (!isOurHome(home) || linkTo(home) === null)
    throw new DatabaseError(
      'NOT_A_DATA_FOLDER',
      `${link} is a link that PeakStone did not make, to ${real}.`,
      `Nothing was removed. To keep the data, remove the link alone: rm ${link}`,
    );
  const other = otherOwner(home, link);
  if (other === null) return;
  throw new DatabaseError(
    'SHARED_DATA',
    `${real} belongs to ${other.link ?? 'another folder'}, which links to it as well.`,
    `Remove it there, or take this link away: rm ${link}`,
  );
}

function assertUnused(dataDir: string): void {
  const lock = readLockFile(dataDir);
  const [pid] = lock === undefined ? [] : processesIn(dataDir);
  if (pid === undefined) return;
  throw new DatabaseError(
    'IN_USE',
    `A PostgreSQL server (process ${pid}) is using ${dataDir}.`,
    'Stop it first: peakstone down, in the folder that it belongs to.',
  );
}
