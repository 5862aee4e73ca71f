/** Makes one backup of a database whose files nobody may copy: as SQL, all of it in one snapshot. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimVault,
  type Holder,
  holderOf,
  holdVault,
  openOwnVault,
  type Writer,
} from '../catalog/claims.ts';
import { removeBegun } from '../catalog/shelf.ts';
import type { OnBackupEvent } from '../events.ts';
import { PartWriter } from '../parts/writer.ts';
import type { Keyring } from '../seal/keys.ts';
import type { Store } from '../store/store.ts';
import type { Vault } from '../vault.ts';
import {
  addLogicalBackup,
  claimLogicalName,
  type LogicalBackup,
  logicalId,
  logicalShelf,
  textOf,
} from './backups.ts';
import { identifyDatabase } from './database.ts';

/** Writes a database as SQL. @throws when it cannot read something of it, or the signal's reason */
export type DumpSql = (options: {
  readonly url: string;
  readonly write: (part: string | Buffer) => Promise<void>;
  readonly signal: AbortSignal;
}) => Promise<{
  readonly tables: number;
  readonly rows: number;
  /** What is not in it, a sentence each. */
  readonly missing: readonly string[];
}>;

export interface LogicalOptions {
  /** Of a role that may read everything. */
  readonly url: string;
  readonly store: Store;
  readonly keys: Keyring;
  /** Whose backups these are. */
  readonly writer: Writer;
  /** By what a service holds the vault; a command claims it itself. */
  readonly holder?: Holder;
  readonly dump: DumpSql;
  readonly label?: string;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

/** @returns its entry, when all of it is stored. @throws {BackupError}, FOREIGN where another stack writes there; what `dump` throws; the signal's reason. Nothing is left in the store then. */
export async function createLogicalBackup(options: LogicalOptions): Promise<LogicalBackup> {
  const { url, store, keys, dump, label, holder = holderOf(options.writer), onEvent, signal } = options;
  const { database, version, ...cluster } = await identifyDatabase(url);
  const vault = holdVault(await openOwnVault(store, keys, cluster, options.writer), holder);
  await claimVault(vault, options.writer);
  const { id, began } = await claimId(vault, signal);
  onEvent({ kind: 'begun', id, incremental: false });
  const writer = new PartWriter(vault, textOf({ id, parts: 0 }).nameOf);
  const hash = createHash('sha256');
  try {
    const { tables, rows, missing } = await dump({
      ...{ url, signal },
      async write(part) {
        const bytes = typeof part === 'string' ? Buffer.from(part) : part;
        hash.update(bytes);
        await writer.write(bytes);
        onEvent({ kind: 'copied', bytes: writer.bytes, total: null });
      },
    });
    await writer.end();
    signal.throwIfAborted();
    const backup: LogicalBackup = {
      ...{ id, database, tables, rows, missing },
      label: label ?? null,
      startedAt: began.toISOString(),
      endedAt: new Date().toISOString(),
      postgres: version,
      parts: writer.parts,
      bytes: writer.bytes,
      storedBytes: writer.storedBytes,
      sha256: hash.digest('hex'),
    };
    // It took its time, in which somebody may have taken over.
    await vault.assertHeld();
    await addLogicalBackup(vault, backup);
    onEvent({ kind: 'made', id, bytes: backup.bytes, storedBytes: backup.storedBytes });
    return backup;
  } catch (error) {
    writer.abort();
    await removeBegun(vault, logicalShelf, id);
    signal.throwIfAborted();
    throw error;
  }
}

/** Two that begin in the same second must not write into one another. */
async function claimId(vault: Vault, signal: AbortSignal): Promise<{ id: string; began: Date }> {
  for (;;) {
    const began = new Date();
    const id = logicalId(began);
    if (await vault.write(claimLogicalName(id), Buffer.alloc(0), { ifAbsent: true })) return { id, began };
    await sleep(1000 - began.getMilliseconds(), undefined, { signal });
  }
}
