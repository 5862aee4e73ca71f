/**
 * Places for what is read back: caches, sockets, locks, state. Whoever could put something into one, or something else in
 * its place, would decide what this process runs or believes. Plain JavaScript for Node >= 20 without a dependency,
 * because the commands' first files, which run before any TypeScript can, need it as well.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Permission bits. */
const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
/** As many as Linux follows. */
const MAX_LINKS = 40;

/** A place that another user of this machine could have prepared. `message` names it and says why, `hint` what to do. */
export class UnsafePlaceError extends Error {
  /**
   * @param {string} place
   * @param {string} why
   */
  constructor(place, why) {
    super(`${place} is not used, because ${why}.`);
    this.name = 'UnsafePlaceError';
    this.hint = `Look at it (ls -ld ${place}). If it is not yours, remove it; if it is, take it over (chown) and keep others from writing (chmod go-w).`;
  }
}

/** @typedef {{ readonly uid: number, readonly gid: number }} Owner */

/**
 * Makes `folder` where it is missing and returns it, certain that nobody but its owner and root can put anything into it or
 * anything else in its place: every folder on the way belongs to someone trusted and can be written by no other (or is
 * sticky, as `/tmp` is), links are followed only if theirs, and the folder itself gives others nothing beyond `mode`.
 * Trusted are root, this user, the wanted owner, and whoever owns this program.
 * @param {string} folder absolute
 * @param {object} [options]
 * @param {Owner} [options.owner] to whom it must belong; default anyone trusted
 * @param {number} [options.mode] default 0700
 * @param {string} [options.within] a folder on the way that is taken as it is, such as the user's project
 * @returns {string} `folder`
 * @throws {UnsafePlaceError}; what the system says where it cannot be made
 * @example enableCompileCache(privateFolder(path.join(cacheFolder(), 'node')))
 */
export function privateFolder(folder, { owner, mode = 0o700, within } = {}) {
  if (process.geteuid === undefined) {
    // A system without user ids: what lies in a user's own folders is the user's.
    mkdirSync(folder, { recursive: true });
    return folder;
  }
  const stats = inspect(folder, { owner, within, make: mode });
  // Nobody could change it, but more could look inside than should.
  if ((stats.mode & 0o777 & ~mode) !== 0) close(folder, stats, mode);
  return folder;
}

/**
 * Looks at a folder that another process has made as `privateFolder` does, and changes nothing.
 * @param {string} folder absolute; must exist
 * @param {{ readonly within?: string }} [options]
 * @throws {UnsafePlaceError}
 */
export function assertPrivateFolder(folder, { within } = {}) {
  if (process.geteuid !== undefined) inspect(folder, { within });
}

/**
 * Says no to a file that decides what this process does, if another user made it: in a folder where everyone may write,
 * such as `/tmp`, anybody can leave one for the next who works there.
 * @param {string} file must exist
 * @param {object} [options]
 * @param {Owner} [options.owner] who is trusted as well
 * @param {boolean} [options.isLink] only the link counts, and not what it leads to
 * @throws {UnsafePlaceError}
 */
export function assertOwnFile(file, { owner, isLink = false } = {}) {
  if (process.geteuid === undefined) return;
  for (const { uid } of isLink ? [lstatSync(file)] : [lstatSync(file), statSync(file)]) {
    if (!isTrusted(uid, owner)) throw new UnsafePlaceError(file, `it belongs to user id ${uid}`);
  }
}

/**
 * Where this user keeps what can be made anew: `PEAKSTONE_CACHE_DIR`, for root a folder of the system's, or by the usual
 * rules in the home. Pure but for the environment; `privateFolder` makes it.
 * @returns {string}
 */
export function cacheFolder() {
  const given = process.env.PEAKSTONE_CACHE_DIR;
  if (given) return path.resolve(given);
  // PostgreSQL, which is then another user, reads from it; and root's HOME may be that of whoever called sudo.
  if (process.geteuid?.() === 0) return '/var/cache/peakstone';
  const xdg = process.env.XDG_CACHE_HOME;
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, 'peakstone');
  return path.join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'peakstone');
}

/**
 * Takes from a folder what others may do with it: from the one that was looked at, which its owner may have replaced since.
 * @param {string} folder
 * @param {import('node:fs').Stats} looked
 * @param {number} mode
 */
function close(folder, looked, mode) {
  const fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const { dev, ino } = fstatSync(fd);
    if (dev !== looked.dev || ino !== looked.ino)
      throw new UnsafePlaceError(folder, 'somebody has just put it there');
    fchmodSync(fd, looked.mode & mode);
  } finally {
    closeSync(fd);
  }
}

/** Whose owner is trusted: its code runs already. */
const thisProgram = fileURLToPath(import.meta.url);

/**
 * @typedef {object} Wanted
 * @property {Owner | undefined} [owner]
 * @property {string | undefined} [within]
 * @property {number | undefined} [make] with this mode, what is missing
 */

/**
 * @param {string} folder
 * @param {Wanted} wanted
 */
function inspect(folder, wanted) {
  const { owner } = wanted;
  const stats = statSync(walk(folder, wanted));
  // As the system says it when it is asked to make one there.
  if (!stats.isDirectory()) throw Object.assign(new Error(`${folder} is not a folder`), { code: 'ENOTDIR' });
  if (owner !== undefined && stats.uid !== owner.uid)
    throw new UnsafePlaceError(folder, `it belongs to user id ${stats.uid}, not to ${owner.uid}`);
  if (isWritableByOthers(stats)) throw new UnsafePlaceError(folder, 'other users may write there');
  return stats;
}

/**
 * Goes down to `folder` step by step, so that nothing is made or followed on a way that is not ours.
 * @param {string} folder
 * @param {Wanted} wanted
 * @returns {string} without links
 */
function walk(folder, { within, owner, make: mode }) {
  let at = within === undefined ? path.parse(folder).root : realpathSync(within);
  const rest = partsOf(within === undefined ? folder : path.relative(within, folder));
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    const next = path.join(at, part);
    if (mode !== undefined && lstatSync(next, { throwIfNoEntry: false }) === undefined)
      make(next, mode, rest.length === 0 ? owner : undefined);
    const stats = lstatSync(next);
    if (!isTrusted(stats.uid, owner)) throw new UnsafePlaceError(next, `it belongs to user id ${stats.uid}`);
    if (stats.isSymbolicLink()) {
      if (++links > MAX_LINKS) throw new UnsafePlaceError(next, 'its links lead nowhere');
      const target = readlinkSync(next);
      rest.unshift(...partsOf(target));
      if (path.isAbsolute(target)) at = path.parse(target).root;
      continue;
    }
    const isSticky = (stats.mode & STICKY) !== 0;
    if (rest.length > 0 && isWritableByOthers(stats) && !isSticky)
      throw new UnsafePlaceError(folder, `other users may write in ${next}`);
    at = next;
  }
  return at;
}

/** @param {string} way */
function partsOf(way) {
  return way.split(path.sep).filter(part => part !== '' && part !== '.');
}

/**
 * @param {string} folder
 * @param {number} mode
 * @param {Owner | undefined} owner
 */
function make(folder, mode, owner) {
  try {
    mkdirSync(folder, { mode });
    // Whatever the umask is.
    chmodSync(folder, mode);
    if (owner !== undefined && owner.uid !== process.geteuid?.()) chownSync(folder, owner.uid, owner.gid);
  } catch (error) {
    // Another process was faster: what it made is looked at like anything else.
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/**
 * @param {number} uid
 * @param {Owner} [owner]
 */
function isTrusted(uid, owner) {
  return (
    uid === 0 ||
    uid === process.geteuid?.() ||
    uid === owner?.uid ||
    uid === statSync(thisProgram).uid ||
    uid === ownerOutside()
  );
}

/** @param {import('node:fs').Stats} stats */
function isWritableByOthers({ mode, uid, gid }) {
  if ((mode & OTHERS_WRITE) !== 0) return true;
  return (mode & GROUP_WRITES) !== 0 && !isGroupOfOne(gid, uid);
}

/**
 * Whether the group is its owner's alone, as with the umask 002 of systems that give every user a group.
 * @param {number} gid
 * @param {number} uid
 */
function isGroupOfOne(gid, uid) {
  if (gid === 0) return true;
  const accounts = linesOf('/etc/passwd').map(([name, , id, group]) => ({ name, id, group }));
  const own = new Set(accounts.filter(account => account.id === String(uid)).map(({ name }) => name));
  const [, , , members = ''] = linesOf('/etc/group').find(([, , id]) => id === String(gid)) ?? [];
  const all = accounts.filter(({ group }) => group === String(gid)).map(({ name }) => name);
  const others = [...all, ...members.split(',')].filter(name => name && !own.has(name));
  return own.size > 0 && all.length > 0 && others.length === 0;
}

/**
 * In a user namespace (a sandbox, a rootless container) what belongs to users outside appears as one owner's, who is
 * nobody inside; undefined elsewhere.
 * @returns {number | undefined}
 */
function ownerOutside() {
  const overflow = Number(readIfAny('/proc/sys/kernel/overflowuid') ?? Number.NaN);
  const map = readIfAny('/proc/self/uid_map');
  if (map === undefined || Number.isNaN(overflow)) return undefined;
  const isMapped = map
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number))
    .some(([first = 0, , count = 0]) => overflow >= first && overflow < first + count);
  return isMapped ? undefined : overflow;
}

/** @param {string} file */
function linesOf(file) {
  return (readIfAny(file) ?? '').split('\n').map(line => line.split(':'));
}

/**
 * @param {string} file
 * @returns {string | undefined}
 */
function readIfAny(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EACCES')) return undefined;
    throw error;
  }
}

/**
 * @param {unknown} error
 * @param {string} code
 */
function isSystemError(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
