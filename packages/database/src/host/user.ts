import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { DatabaseError } from '../errors.ts';

/** An operating system account that server processes run as. */
export interface RunUser {
  readonly uid: number;
  readonly gid: number;
  /** Undefined when the account has no name, as in containers with an arbitrary uid. */
  readonly name: string | undefined;
  /** True when it is not the account of this process, so that children must be dropped to it. */
  readonly dropped: boolean;
}

/** Accounts tried, best first, when this process is root: PostgreSQL refuses to run as root. */
const CANDIDATES = ['postgres', 'peakstone'] as const;

/**
 * The account to run PostgreSQL as: this process's own, or, as root, the owner of the data folder,
 * `postgres`, `peakstone` (created when the system allows), `nobody`, in that order.
 * @param dataOwner uid of an existing data folder.
 * @throws {DatabaseError} NO_UNPRIVILEGED_USER
 */
export function resolveRunUser(dataOwner: number | undefined, notice: (text: string) => void): RunUser {
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (uid === undefined || gid === undefined) {
    throw new DatabaseError(
      'NO_UNPRIVILEGED_USER',
      `An embedded PostgreSQL is not supported on ${process.platform}.`,
      'Use Linux, macOS or WSL, or set DATABASE_ENGINE to the URL of a PostgreSQL 17.',
    );
  }
  if (uid !== 0) {
    const name = ownName(uid);
    // Of somebody else's data that is what has to be said.
    const isOthers = dataOwner !== undefined && dataOwner !== uid;
    if (name !== undefined || isOthers) return { uid, gid, name, dropped: false };
    throw new DatabaseError(
      'NO_UNPRIVILEGED_USER',
      `The user ${uid} that this runs as has no name, and PostgreSQL starts for none without one.`,
      `Give it a name, such as by a line in /etc/passwd (peakstone:x:${uid}:${gid}::/tmp:/sbin/nologin), use the image of PostgreSQL that makes one up, or set DATABASE_ENGINE to the URL of a server.`,
    );
  }

  const accounts = readAccounts();
  const user = chooseAccount(accounts, dataOwner) ?? createAccount() ?? findByName(accounts, 'nobody');
  if (user === undefined) {
    throw new DatabaseError(
      'NO_UNPRIVILEGED_USER',
      'PostgreSQL must not run as root, and no other account was found.',
      'Create one (useradd --system peakstone), or start as an ordinary user.',
    );
  }
  notice(`Started as root: PostgreSQL runs as the unprivileged user ${user.name ?? user.uid}.`);
  return { ...user, dropped: true };
}

/** What `spawn` needs to run a child as `user`. */
export function spawnIdentity(user: RunUser): { uid?: number; gid?: number } {
  return user.dropped ? { uid: user.uid, gid: user.gid } : {};
}

type Account = Omit<RunUser, 'dropped'>;

function chooseAccount(accounts: readonly Account[], dataOwner: number | undefined): Account | undefined {
  if (dataOwner !== undefined && dataOwner !== 0) {
    return (
      accounts.find(account => account.uid === dataOwner) ?? {
        uid: dataOwner,
        gid: dataOwner,
        name: undefined,
      }
    );
  }
  for (const name of CANDIDATES) {
    const account = findByName(accounts, name);
    if (account !== undefined) return account;
  }
  return undefined;
}

function createAccount(): Account | undefined {
  const [name] = CANDIDATES.slice(-1);
  const commands = [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', name],
    ['adduser', '-S', '-D', '-H', '-s', '/sbin/nologin', name],
  ] as const;
  for (const [command, ...args] of commands) {
    const run = spawnSync(
      command,
      args.filter(arg => arg !== undefined),
      { stdio: 'ignore', timeout: 10_000 },
    );
    if (run.status === 0) return findByName(readAccounts(), name as string);
  }
  return undefined;
}

function findByName(accounts: readonly Account[], name: string): Account | undefined {
  return accounts.find(account => account.name === name && account.uid !== 0);
}

function readAccounts(): Account[] {
  const accounts: Account[] = [];
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && uid && gid) accounts.push({ name, uid: Number(uid), gid: Number(gid) });
  }
  return accounts;
}

function ownName(uid: number): string | undefined {
  try {
    return userInfo().username;
  } catch (error) {
    // No passwd entry for this uid; os.userInfo() reports that as a SystemError.
    if (error instanceof Error && 'code' in error)
      return readAccounts().find(account => account.uid === uid)?.name;
    throw error;
  }
}

/** Whether `user` may enter every folder down to `folder`, as far as permission bits tell. */
export function canReach(folder: string, user: RunUser): boolean {
  if (!user.dropped) return true;
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/**
 * Whether `user` could put something else in the place of what lies in `folder`, as far as permission bits tell: it, or one
 * above it, is the user's, or one that others may write in. In a sticky folder nobody moves another's, but everyone its own.
 * A folder that is not there yet is as the one above it.
 * @param whose what lies there is: the user's own, or this process's
 */
export function isOpenTo(user: RunUser, folder: string, whose: 'its' | 'ours' = 'its'): boolean {
  if (!user.dropped) return false;
  let there = path.resolve(folder);
  while (!existsSync(there)) there = path.dirname(there);
  let isOurs = whose === 'ours';
  for (let at = realpathSync(there); ; at = path.dirname(at)) {
    const { mode, uid, gid } = statSync(at);
    const mayWrite = (mode & 0o002) !== 0 || (gid === user.gid && (mode & 0o020) !== 0);
    const isSticky = (mode & 0o1000) !== 0;
    if (uid === user.uid || (mayWrite && !(isSticky && isOurs))) return true;
    if (at === path.dirname(at)) return false;
    // This one belongs to another than the user.
    isOurs = true;
  }
}
