/** Makes a data folder of a backup, as the database was at a moment. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readPartial, readSegment } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import { hex8, segmentName } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import { type Contents, readContents } from './contents.ts';
import { assertEmpty, extractBackup, handOver, makeRoot, sync, syncTree } from './extract.ts';
import type { Owner } from './owner.ts';
import { planRestore, type RestorePlan, type RestoreWish } from './plan.ts';
import { type RecoveredServer, recover, type StartRestored } from './recovery.ts';
import { readSettings, writeRecovery, writeWholeLabel } from './settings.ts';
import { describeTarget, targetSettings } from './target.ts';

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

/** @throws {BackupError}; the signal's reason. Nothing is left of the folder then. */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { vault, into, owner, start, inspect, guard, onEvent, signal } = options;
  const contents = await readContents(vault);
  const plan = planRestore(contents, options);
  if (owner?.mayReplaceIn(path.dirname(into))) throw openPlace(into);
  await assertEmpty(into);
  const root = `${into}.restoring-${randomBytes(4).toString('hex')}`;
  const folder = path.join(root, 'postgres');
  let release: (() => void) | undefined;
  try {
    await makeRoot(root);
    release = guard?.(root);
    await mkdir(folder, { mode: 0o700 });
    await layOut(plan, contents.timelines, folder, options);
    if (!start) {
      await syncTree(folder);
      if (owner) await handOver(folder, owner);
    }
    signal.throwIfAborted();
    let lastTransactionAt: string | null = null;
    if (start) {
      onEvent({ kind: 'recovering', target: describeTarget(plan.target) });
      const { position } = contents;
      const settings = recoverySettings(plan);
      const server = await recover({ folder, plan, position, settings, owner, start, signal });
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
    return { plan, lastTransactionAt };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await removeFolder(root, owner);
    release?.();
  }
}

/** Files, WAL, histories and settings. */
async function layOut(
  plan: RestorePlan,
  timelines: Contents['timelines'],
  folder: string,
  { vault, onEvent, signal }: RestoreOptions,
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
  onEvent({ kind: 'fetchingWal', segments: plan.segments.length });
  for (const { timeline, segment, isPartial } of plan.segments) {
    signal.throwIfAborted();
    const bytes = isPartial
      ? await readPartial(vault, timeline, segment)
      : await readSegment(vault, timeline, segment);
    // It has become a whole one meanwhile, behind which nothing was planned.
    if (bytes === undefined) break;
    await writeWal(folder, segmentName(timeline, segment, vault.segmentBytes), bytes, vault.segmentBytes);
  }
  // All of them: a server that becomes a new timeline takes a number that none of these has.
  for (const { id, history } of timelines)
    await writeWal(folder, `${hex8(id)}.history`, Buffer.from(history), history.length);
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
    ...targetSettings(plan.target),
  };
}

/** An unfinished segment is filled up: PostgreSQL reads whole ones, up to the first thing that is no record. */
async function writeWal(folder: string, name: string, bytes: Buffer, size: number): Promise<void> {
  const file = path.join(folder, 'pg_wal', name);
  const whole = bytes.length < size ? Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]) : bytes;
  await writeFile(file, whole, { mode: 0o600 });
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
