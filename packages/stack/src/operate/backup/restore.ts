/** Restores of a stack's backups: into a folder, in the place of its database, or to try them. */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type Claim,
  type OnBackupEvent,
  type Restored,
  readClaim,
  restoreBackup,
  type Tested,
  testBackup,
} from '@peakstone/backup';
import {
  assertOwnData,
  findServerUser,
  freeDataFolder,
  locateDataFolder,
  reapWithThisProcess,
  type ServerUser,
} from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import { takeLock } from '../../project/lock.ts';
import { ensureDataFolder, type StackPaths } from '../../project/paths.ts';
import { externalUrl } from '../../project/urls.ts';
import { readPresence } from '../../run/state.ts';
import { recordVersion } from '../../run/upgrade.ts';
import { backupMethod } from '../../services/backup/method.ts';
import { startRestored, testMachine } from '../../services/backup/restoredServer.ts';
import { databaseDir } from '../../services/postgres/folder.ts';
import { besideOf, finishReplacement, replaceData } from '../../services/postgres/replacement.ts';
import { restoreText, testStackText } from './logical.ts';
import type { RestoreRequest } from './request.ts';
import { isOthers, type StackBackups, stackBackups, stackVault } from './vaults.ts';

export interface RestoreReport {
  readonly backup: string;
  /** Null of a backup as SQL. */
  readonly timeline: number | null;
  readonly lastTransactionAt: string | null;
  /** The data folder, or the file of a backup as SQL. */
  readonly folder: string;
  /** The database that was there before, when it was replaced. */
  readonly kept: string | null;
  /** The other stack that writes the backups of this database: this one may not. */
  readonly writer: Claim | null;
}

/** @throws {BackupError} PLACE, TARGET, MISSING, CORRUPT …; nothing is left then */
export async function restoreInto(
  paths: StackPaths,
  env: EnvValues,
  folder: string,
  request: RestoreRequest,
): Promise<RestoreReport> {
  const opened = await stackBackups(paths, env);
  const into = resolve(folder);
  if (backupMethod(opened.values) === 'logical') {
    const { id, startedAt } = await restoreText(opened, into, request);
    return {
      backup: id,
      timeline: null,
      lastTransactionAt: startedAt,
      folder: into,
      kept: null,
      writer: null,
    };
  }
  const restored = await restore(opened, into, findServerUser(), request);
  return report(restored, into, null, null);
}

/** Which folder a restore in place would replace; null where the stack has no database yet. @throws {StackError} where it cannot be */
export async function planReplacement(paths: StackPaths, env: EnvValues): Promise<string | null> {
  const { values } = await stackBackups(paths, env);
  if (backupMethod(values) === 'logical')
    throw new StackError('config', 'A backup as SQL does not take the place of a database by itself.', {
      hint: 'Write it into a file, and load that into a new database: peakstone backup restore --into FILE.sql',
    });
  if (externalUrl(values.DATABASE_ENGINE) !== null)
    throw new StackError(
      'config',
      'The stack’s database is somebody else’s, which cannot be replaced from here.',
      {
        hint: 'Restore into a folder: peakstone backup restore --into DIR',
      },
    );
  if (readPresence(paths).kind === 'running') throw stackRuns(paths);
  const place = databaseDir(paths, values);
  assertOwnData(place);
  return locateDataFolder(place);
}

/**
 * Puts the restored database in the place of the stack's, which is kept beside it. The stack must not run, and cannot start
 * meanwhile. Whatever fails, the old one is where it was.
 * @throws as `restoreInto`; {StackError} `alreadyRunning`
 */
export async function restoreInPlace(
  paths: StackPaths,
  env: EnvValues,
  request: RestoreRequest,
): Promise<RestoreReport> {
  ensureDataFolder(paths);
  const isNew = !existsSync(paths.lock);
  const lock = readPresence(paths).kind === 'running' ? null : takeLock(paths.lock);
  if (lock === null) throw stackRuns(paths);
  try {
    // No earlier version was there, whose changes the first start would tell.
    if (isNew) recordVersion(paths);
    const opened = await stackBackups(paths, env);
    const wanted = databaseDir(paths, opened.values);
    // One that was broken off before this one.
    finishReplacement(locateDataFolder(wanted) ?? wanted);
    const found = await planFolder(wanted, request.onEvent);
    const place = found ?? wanted;
    const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const { fresh, kept: before } = besideOf(place, stamp);
    const owner = findServerUser(found === null ? undefined : statSync(found).uid);
    const restored = await restore(opened, fresh, owner, request);
    const writer = await otherWriter(opened, request.cluster);
    const kept = found === null ? null : before;
    replaceData(place, fresh, kept);
    return report(restored, place, kept, writer);
  } finally {
    lock.release();
  }
}

/** The folder that is there, with nothing running on it any more. */
async function planFolder(wanted: string, onEvent: OnBackupEvent): Promise<string | null> {
  if (lstatSync(wanted, { throwIfNoEntry: false }) === undefined) return null;
  // What a copied project's link leads to is the original's.
  assertOwnData(wanted);
  const real = locateDataFolder(wanted)!;
  if (!existsSync(real)) return null;
  await freeDataFolder(real, reason => onEvent({ kind: 'failed', what: 'A stack that was killed', reason }));
  return realpathSync(real);
}

/** Restores a backup on a throw-away server and reads everything there. @throws {BackupError} */
export async function testStackBackup(
  paths: StackPaths,
  env: EnvValues,
  request: Pick<RestoreRequest, 'backup' | 'cluster' | 'target' | 'onEvent' | 'signal'>,
): Promise<Tested> {
  const opened = await stackBackups(paths, env);
  if (backupMethod(opened.values) === 'logical') return await testStackText(opened, request);
  const vault = await stackVault(opened, request.cluster);
  const machine = testMachine(opened.values);
  const { backup, target, onEvent, signal } = request;
  const how = { writer: opened.writer(), scratch: machine.scratch(), onEvent, signal };
  return await testBackup({ ...machine, ...how, vault, backup, target });
}

async function restore(
  opened: StackBackups,
  into: string,
  owner: ServerUser | undefined,
  request: RestoreRequest,
): Promise<Restored> {
  const { prepareOnly, cluster, ...wish } = request;
  const vault = await stackVault(opened, cluster);
  return await restoreBackup({
    ...wish,
    ...{ vault, into, owner },
    ...(prepareOnly
      ? {}
      : {
          start: startRestored(opened.values, true),
          guard: root => reapWithThisProcess(root, owner?.uid),
        }),
  });
}

/** Told with the restore: what it means for this stack's backups. */
async function otherWriter(opened: StackBackups, cluster: string | undefined): Promise<Claim | null> {
  const claim = await readClaim(await stackVault(opened, cluster));
  return isOthers(opened, claim) ? claim : null;
}

function report(
  { plan, lastTransactionAt }: Restored,
  folder: string,
  kept: string | null,
  writer: Claim | null,
): RestoreReport {
  return { backup: plan.chain.at(-1)!.id, timeline: plan.timeline, lastTransactionAt, folder, kept, writer };
}

function stackRuns({ data }: StackPaths): StackError {
  return new StackError('alreadyRunning', `A stack runs in ${data}.`, {
    hint: 'Stop it first: peakstone down. Or restore beside it: peakstone backup restore --into DIR',
  });
}
