/** Makes a data folder of a backup, as the database was at a moment. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import { hex8 } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import { type Contents, readContents } from './contents.ts';
import { assertEmpty, extractBackup, handOver, makeRoot, sync, syncTree } from './extract.ts';
import type { Owner } from './owner.ts';
import { olderBackups, planRestore, type RestorePlan, type RestoreWish } from './plan.ts';
import { type RecoveredServer, recover, type StartRestored, UnreachedError } from './recovery.ts';
import type { RestorePoint } from './restorePoints.ts';
import { forgetRecovery, readSettings, writeRecovery, writeWholeLabel } from './settings.ts';
import { describeTarget, targetSettings } from './target.ts';
import { WalFiles } from './walFiles.ts';

export interface RestoreOptions extends RestoreWish {
  readonly vault: Vault;
  /** The data folder to be made; what is there already is refused. */
  readonly into: string;
  readonly owner?: Owner | undefined;
  /**
   * Starts the server on the folder, which recovers then; without, that is left to the folder's next start.
   * The server is stopped again.
   */
  readonly start?: StartRestored | undefined;
  /** Looks at the recovered database, before the folder gets its place. What it throws fails the restore. */
  readonly inspect?: ((server: RecoveredServer) => Promise<void>) | undefined;
  /** Sees to it that a server under this folder ends with this process, however that ends, and the folder with it; returns its release. */
  readonly guard?: ((root: string) => () => void) | undefined;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

export interface Restored {
  readonly plan: RestorePlan;
  /** Of the last transaction that the recovered database holds, in the server's own words; null where it was not started. */
  readonly lastTransactionAt: string | null;
}

/**
 * A transaction or a named point that lies before the newest backup is found from an older one.
 * @throws {BackupError}; the signal's reason. Nothing is left of the folder then.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { vault, into, owner, onEvent } = options;
  const contents = await readContents(vault);
  if (owner?.mayReplaceIn(path.dirname(into))) throw openPlace(into);
  await assertEmpty(into);
  let plan = planRestore(contents, options);
  for (const id of plan.passedOver) onEvent({ kind: 'passedOver', id });
  const older = mayLieBefore(options) ? olderBackups(contents, plan) : [];
  for (;;) {
    try {
      return await restorePlanned(plan, contents, options);
    } catch (error) {
      const next = error instanceof UnreachedError ? older.shift() : undefined;
      if (!next) throw error;
      onEvent({ kind: 'unreached', target: describeTarget(plan.target), id: plan.chain.at(-1)!.id });
      plan = planRestore(contents, { ...options, backup: next.id });
    }
  }
}

/** Of a time and a position it is known which backup leads there. */
function mayLieBefore({ target, backup }: RestoreWish): boolean {
  return backup === undefined && (target.kind === 'xid' || target.kind === 'name');
}

async function restorePlanned(
  plan: RestorePlan,
  contents: Contents,
  options: RestoreOptions,
): Promise<Restored> {
  const { into, owner, start, inspect, guard, onEvent, signal } = options;
  const root = `${into}.restoring-${randomBytes(4).toString('hex')}`;
  const folder = path.join(root, 'postgres');
  let release: (() => void) | undefined;
  try {
    await makeRoot(root);
    release = guard?.(root);
    await mkdir(folder, { mode: 0o700 });
    const wal = new WalFiles(plan, root, options);
    await layOut(plan, contents.timelines, folder, wal, options);
    assertOnePoint(plan, wal.points);
    if (!start) {
      await syncTree(folder);
      if (owner) await handOver(folder, owner);
    }
    signal.throwIfAborted();
    let lastTransactionAt: string | null = null;
    if (start) {
      onEvent({ kind: 'recovering', target: describeTarget(plan.target) });
      const server = await recover({
        ...{ folder, plan, wal, owner, start, signal },
        settings: recoverySettings(plan),
      });
      lastTransactionAt = server.lastTransactionAt;
      try {
        await inspect?.(server);
      } finally {
        await server.stop();
      }
      await server.finish();
    }
    await rename(folder, into);
    await sync(path.dirname(into));
    const [point] = wal.points;
    if (point)
      onEvent({
        kind: 'pointFound',
        ...point,
        target: describeTarget(plan.target),
        older: olderBackups(contents, plan)[0]?.id ?? null,
      });
    return { plan, lastTransactionAt };
  } catch (error) {
    signal.throwIfAborted();
    throw explainFull(error, into);
  } finally {
    await removeFolder(root, owner);
    release?.();
  }
}

/** @throws {BackupError} TARGET where PostgreSQL would choose among several */
function assertOnePoint({ target, chain }: RestorePlan, points: readonly RestorePoint[]): void {
  if (points.length < 2) return;
  throw new BackupError(
    'TARGET',
    `Behind backup ${chain.at(-1)!.id} there are ${points.length} times ${describeTarget(target)}: ${points.map(({ lsn, at }) => `of ${at} at ${lsn}`).join(', ')}.`,
    `Choose one by its position: --lsn ${points.at(-1)!.lsn}`,
  );
}

/** Files, WAL, histories and settings. */
async function layOut(
  plan: RestorePlan,
  timelines: Contents['timelines'],
  folder: string,
  wal: WalFiles,
  { vault, start, onEvent, signal }: RestoreOptions,
): Promise<void> {
  const total = plan.chain.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const backup of plan.chain) {
    signal.throwIfAborted();
    onEvent({ kind: 'restoring', id: backup.id, bytes: backup.bytes });
    await extractBackup(vault, backup, {
      folder,
      onBytes: bytes => {
        signal.throwIfAborted();
        done += bytes;
        onEvent({ kind: 'extracted', bytes: done, total });
      },
    });
  }
  await writeWholeLabel(folder);
  // Whoever starts the folder later has nobody to ask for more.
  await wal.layOut(path.join(folder, 'pg_wal'), start ? plan.needed : plan.segments.length);
  // All of them: a server that becomes a new timeline takes a number that none of these has.
  for (const { id, history } of timelines)
    await writeFile(path.join(folder, 'pg_wal', `${hex8(id)}.history`), history, { mode: 0o600 });
  await writeRecovery(folder, await readSettings(folder), recoverySettings(plan));
}

function recoverySettings(plan: RestorePlan): Readonly<Record<string, string>> {
  return {
    // Everything is in pg_wal already.
    restore_command: 'false',
    recovery_target_timeline: String(plan.timeline),
    recovery_target_action: 'promote',
    // Otherwise it would wait for connections and workers as many as the primary had.
    hot_standby: 'off',
    // Whoever starts the folder, these are gone when it has recovered.
    recovery_end_command: forgetRecovery,
    ...targetSettings(plan.target),
  };
}

/** Removes a folder with what its owner has put there. */
export async function removeFolder(folder: string, owner: Owner | undefined): Promise<void> {
  if (owner) await owner.remove(folder);
  else await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

function openPlace(into: string): BackupError {
  return new BackupError(
    'PLACE',
    `The server’s user could put something else in the place of ${into} while it is being restored.`,
    'Restore into a folder of yours (--into DIR) and move it there, or run the command as that user.',
  );
}

function explainFull(error: unknown, into: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new BackupError(
    'PLACE',
    `There is no room left for ${into}: ${(error as Error).message}.`,
    'The database is laid out whole, with the WAL that leads to the target: free some space there, or name a folder on another disk (--into DIR).',
    error,
  );
}
