/**
 * What tells that data in a system folder have no project any more. One file has two names, one beside the data and one in the
 * project's `.peakstone`: when only that beside the data is left, `.peakstone` was removed, and not moved with all it holds.
 */
import {
  existsSync,
  linkSync,
  lstatSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { DatabaseError, systemCode } from '../errors.ts';

/** In the folder of the data, and, with the name of the link to them before it, in the project's. */
const name = 'tie';

/** Of the folder of the data: the link that leads to them. */
const note = 'linked-from';

/** The link that leads to the data in `home`, as it was last seen; null where nothing says so. */
export function linkTo(home: string): string | null {
  const file = path.join(home, note);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

export function noteLink(home: string, dataDir: string): void {
  writeFileSync(path.join(home, note), `${dataDir}\n`);
}

/** Ties the data in `home`, which are nobody else's, to the link at `dataDir`; a file system that cannot leaves them untied. */
export function tieData(home: string, dataDir: string): void {
  const from = linkTo(home);
  // Nothing says that they are ours.
  if (from === null) return;
  if (from !== dataDir) noteLink(home, dataDir);
  const [kept, shown] = namesOf(home, dataDir);
  if (isTied(home, dataDir)) return;
  for (const file of [kept, shown]) rmSync(file, { force: true });
  writeFileSync(kept, identify(dataDir), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(kept, shown);
  } catch (error) {
    // Without the second name the first says nothing.
    rmSync(kept);
    if (!['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** Whose the data in `home` are, where they are not those of the link at `dataDir`. `link` is null where nobody noted it. */
export interface OtherOwner {
  readonly link: string | null;
}

/**
 * Who else has the data that the link at `dataDir` leads to: a copied project has a link to the data of the original, and
 * its tie is a copy. Null where they are its own, be it that it was moved, or that what it was copied from is gone.
 */
export function otherOwner(home: string, dataDir: string): OtherOwner | null {
  const from = linkTo(home);
  if (from === null) return null;
  const noted = !isSamePlace(from, dataDir) && leadsInto(from, home) ? from : null;
  const ends = lstatSync(path.join(home, name), { throwIfNoEntry: false })?.nlink ?? 0;
  // The second name is one folder's alone; a copy of hard links would be a third.
  if (ends > 1 && !isTied(home, dataDir)) return { link: noted };
  if (ends === 2) return null;
  return noted === null ? null : { link: noted };
}

/** @throws {DatabaseError} SHARED_DATA where the link at `dataDir`, or what is there, is not of a folder of its own */
export function assertOwnData(dataDir: string): void {
  if (!lstatSync(dataDir, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  const real = path.resolve(path.dirname(dataDir), readlinkSync(dataDir));
  const home = path.dirname(real);
  const other = otherOwner(home, dataDir);
  if (other === null) return;
  const whose = other.link ?? 'another folder';
  const tie =
    other.link === null
      ? `what this finds: find / -samefile ${path.join(home, name)}`
      : `its link: rm ${other.link} ${other.link}.${name}`;
  throw new DatabaseError(
    'SHARED_DATA',
    `${dataDir} leads to the database of ${whose}: this folder is a copy, and the data, in ${home}, were not copied with it.`,
    `Nothing was changed. For a new database here, be it to restore a backup: rm ${dataDir}; for a copy of the data, with the other stack stopped: cp -a ${home} ${home}-copy && ln -sfn ${home}-copy/${path.basename(real)} ${dataDir}; to go on with the data here instead of there, stop that stack and remove ${tie}`,
  );
}

function namesOf(home: string, dataDir: string): readonly [kept: string, shown: string] {
  return [path.join(home, name), `${dataDir}.${name}`];
}

/** Here, though under another path perhaps: a moved project takes the second name along. */
function isTied(home: string, dataDir: string): boolean {
  const [inside, outside] = namesOf(home, dataDir).map(file => lstatSync(file, { throwIfNoEntry: false }));
  return inside !== undefined && inside.ino === outside?.ino && inside.dev === outside.dev;
}

function leadsInto(link: string, home: string): boolean {
  try {
    return path.dirname(path.resolve(path.dirname(link), readlinkSync(link))) === home;
  } catch (error) {
    // Gone, no link any more, or closed to us.
    if (['ENOENT', 'ENOTDIR', 'EINVAL', 'EACCES'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** One path may lead there by a link. */
function isSamePlace(link: string, other: string): boolean {
  const [one, two] = [link, other].map(each => path.dirname(each));
  return (
    link === other || (existsSync(one!) && existsSync(two!) && realpathSync(one!) === realpathSync(two!))
  );
}

/** Whether the project of `dataDir` is the one that the data in `home` were tied to, and nothing else has them by now. */
export function isOrphanOf(home: string, dataDir: string): boolean {
  const kept = path.join(home, name);
  const found = lstatSync(kept, { throwIfNoEntry: false });
  return found?.isFile() === true && found.nlink === 1 && readFileSync(kept, 'utf8') === identify(dataDir);
}

/** Of the project's folder: another one of its name, made where it was moved from, is another. */
function identify(dataDir: string): string {
  const project = lstatSync(path.dirname(path.dirname(dataDir)), { bigint: true });
  return `${project.dev}:${project.ino}:${project.birthtimeNs}\n`;
}
