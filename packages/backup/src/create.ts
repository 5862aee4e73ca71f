/** Makes one backup: the server's files, and the certainty that the WAL which they need is stored. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConnectionError,
  connectPrivileged,
  connectReplication,
  PgError,
  type ReplicationClient,
} from '@peakstone/kernel/pg';
import {
  addBackup,
  type Backup,
  type BackupKind,
  backupId,
  backupShelf,
  claimName,
  listBackups,
  manifestName,
  partName,
} from './catalog/backups.ts';
import { claimVault, type Holder, holderOf, holdVault, openOwnVault, type Writer } from './catalog/claims.ts';
import { writeCurrent } from './catalog/current.ts';
import { readPosition } from './catalog/positions.ts';
import { removeBegun } from './catalog/shelf.ts';
import { isOnWay, listTimelines, timelineOfSegment, wayTo } from './catalog/timelines.ts';
import { hasSegment } from './catalog/wal.ts';
import { BackupError } from './errors.ts';
import type { OnBackupEvent } from './events.ts';
import { readLsn, segmentBefore, segmentName, segmentOf } from './lsn.ts';
import { PartWriter } from './parts/writer.ts';
import { takeBaseBackup } from './replication/baseBackup.ts';
import { identify, readSlot, type ServerFacts } from './replication/commands.ts';
import type { Keyring } from './seal/keys.ts';
import type { Store } from './store/store.ts';
import type { HeldVault, Vault } from './vault.ts';
import { type ReceiveOptions, receiveWal } from './wal/receive.ts';

export interface CreateOptions {
  /** Of a role with REPLICATION. */
  readonly url: string;
  readonly store: Store;
  readonly keys: Keyring;
  /** Whose backups these are. */
  readonly writer: Writer;
  /** By what a service holds the vault; a command claims it itself. */
  readonly holder?: Holder;
  /** `auto`: incremental where it can stand on the newest backup, else full. */
  readonly kind: BackupKind | 'auto';
  readonly label?: string;
  /**
   * The slot of a service that receives this server's WAL. While it is in use the backup relies on it; otherwise the backup
   * receives the WAL of its own time itself.
   */
  readonly slot: string;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
  /** For tests: what the clock says. */
  readonly now?: () => Date;
}

/** How often the store is asked for WAL. */
const askMs = 250;
/** The server closes the last segment of a backup by itself: whoever receives it has this long to store the next one. */
const patienceMs = 3 * 60_000;
const freshMs = 3 * 60_000;
/** After this time it is looked why nothing comes. */
const impatienceMs = 5_000;

/**
 * @returns its entry in the catalog, when everything that it needs is stored
 * @throws {BackupError}; {PgError} {ConnectionError} of the server; the signal's reason. Nothing is left in the store then.
 */
export async function createBackup(options: CreateOptions): Promise<Backup> {
  const { url, store, keys, writer, holder = holderOf(writer), signal } = options;
  const client = await connectReplication({ url, name: 'peakstone backup', signal }).catch(error => {
    signal.throwIfAborted();
    throw error;
  });
  const abort = (): void => client.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const server = await identify(client);
    const vault = holdVault(await openOwnVault(store, keys, server, writer), holder);
    await claimVault(vault, writer);
    const wal = await coverWal(client, server, vault, options);
    try {
      return await makeBackup(client, server, vault, wal, options);
    } finally {
      await wal.release();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    client.close();
  }
}

async function makeBackup(
  client: ReplicationClient,
  server: ServerFacts,
  vault: HeldVault,
  wal: WalCover,
  { url, kind, label, onEvent, signal, now = () => new Date() }: CreateOptions,
): Promise<Backup> {
  const parent = await chooseParent(vault, server, kind);
  const { id, began } = await claimId(vault, parent ? 'incremental' : 'full', now, signal);
  onEvent({ kind: 'begun', id, incremental: parent !== undefined });
  const writer = new PartWriter(vault, part => partName(id, part));
  try {
    let total = 0;
    const taken = await takeBaseBackup(client, {
      label: `peakstone ${id}`,
      ...(parent && { since: parent.manifest }),
      onBegin: bytes => {
        total = bytes;
      },
      onData: async bytes => {
        await writer.write(bytes);
        onEvent({ kind: 'copied', bytes: writer.bytes, total: Math.max(total, writer.bytes) });
      },
    });
    await writer.end();
    const ended = now();
    onEvent({ kind: 'awaitingWal', until: taken.stopLsn });
    await wal.wait(taken.startLsn, taken.stopLsn);
    const backup: Backup = {
      id,
      kind: parent ? 'incremental' : 'full',
      parent: parent?.id ?? null,
      label: label ?? null,
      timeline: taken.timeline,
      startLsn: taken.startLsn,
      stopLsn: taken.stopLsn,
      startedAt: began.toISOString(),
      endedAt: ended.toISOString(),
      postgres: server.version,
      databases: await databaseNames(url),
      checksums: server.checksums,
      parts: writer.parts,
      bytes: writer.bytes,
      storedBytes: writer.storedBytes,
    };
    signal.throwIfAborted();
    // It took its time, in which somebody may have taken over: theirs goes another way.
    await vault.assertHeld();
    await vault.write(manifestName(id), taken.manifest);
    // Its WAL was compared with what the store had.
    await writeCurrent(vault, server.timeline);
    await addBackup(vault, backup);
    onEvent({ kind: 'made', id, bytes: backup.bytes, storedBytes: backup.storedBytes });
    return backup;
  } catch (error) {
    writer.abort();
    await removeBegun(vault, backupShelf, id);
    throw error;
  }
}

/** For people, who know a cluster by them: a server that lets the role do nothing but replicate does not say. */
async function databaseNames(url: string): Promise<readonly string[]> {
  try {
    const client = await connectPrivileged({ url, name: 'peakstone backup' });
    try {
      const [result] = await client.script(DATABASES);
      return result!.rows.map(([name]) => name!.toString());
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof PgError || error instanceof ConnectionError) return [];
    throw error;
  }
}

const DATABASES = `select datname from pg_catalog.pg_database
  where datallowconn and not datistemplate order by datname limit 100`;

/** Two that begin in the same second must not write into one another. */
async function claimId(
  vault: Vault,
  kind: BackupKind,
  now: () => Date,
  signal: AbortSignal,
): Promise<{ id: string; began: Date }> {
  for (;;) {
    const began = now();
    const id = backupId(began, kind);
    if (await vault.write(claimName(id), Buffer.alloc(0), { ifAbsent: true })) return { id, began };
    await sleep(1000 - began.getMilliseconds(), undefined, { signal });
  }
}

interface Parent {
  readonly id: string;
  readonly manifest: Buffer;
}

/** The newest backup of the way that the server has come; undefined for a full one. @throws {BackupError} SERVER where there must be one */
async function chooseParent(
  vault: Vault,
  server: ServerFacts,
  kind: CreateOptions['kind'],
): Promise<Parent | undefined> {
  if (kind === 'full') return undefined;
  const refuse = (why: string, hint: string): undefined => {
    if (kind === 'auto') return undefined;
    throw new BackupError('SERVER', `No incremental backup can be made: ${why}.`, hint);
  };
  if (!server.summarizesWal)
    return refuse(
      'the server does not summarize its WAL',
      'Set summarize_wal=on, and make a full one first.',
    );
  const way = wayTo(server.timeline, await listTimelines(vault));
  const { backups: all } = await listBackups(vault);
  const backups = all.filter(each => isOnWay(each, way));
  const newest = backups.at(-1);
  if (!newest)
    return refuse(
      'there is no backup that it could stand on',
      'Make a full one: peakstone backup create --full',
    );
  const manifest = await vault.read(manifestName(newest.id), 1024 * 1024 * 1024);
  if (!manifest)
    return refuse(
      `the manifest of ${newest.id} is missing`,
      'Make a full one: peakstone backup create --full',
    );
  return { id: newest.id, manifest };
}

/** Somebody who stores the WAL of the backup's time. */
interface WalCover {
  /** Resolves when the store holds everything from `startLsn` to `stopLsn`. @throws {BackupError} */
  wait(startLsn: string, stopLsn: string): Promise<void>;
  release(): Promise<void>;
}

/**
 * Whoever receives this server's WAL already, or a receiver of the backup's own: on the slot that the service would use, where
 * there is one that nobody uses, and else on one that ends with it.
 */
async function coverWal(
  client: ReplicationClient,
  server: ServerFacts,
  vault: HeldVault,
  options: CreateOptions,
): Promise<WalCover> {
  const { slot, signal } = options;
  const stopping = new AbortController();
  const end = AbortSignal.any([stopping.signal, signal]);
  const shared = { name: slot, temporary: false };
  const own = { name: `${slot}_${process.pid}`, temporary: true };
  const hasSlot = (await readSlot(client, slot)) !== undefined;
  let receiver = receiveOwn(vault, hasSlot ? shared : own, options, end);
  let isOthers = !(await receiver.begun);
  // Whoever has it stores into another place.
  if (isOthers && !(await isStoredHere(vault))) {
    receiver = receiveOwn(vault, own, options, end);
    isOthers = !(await receiver.begun);
  }
  return {
    wait: (startLsn, stopLsn) =>
      waitForWal(vault, server.timeline, startLsn, stopLsn, end, async () => {
        if (isOthers) {
          // Whoever received a moment ago may have ended since.
          receiver = receiveOwn(vault, shared, options, end);
          isOthers = !(await receiver.begun);
        } else if (receiver.failure !== undefined) throw receiver.failure;
      }),
    async release() {
      stopping.abort();
      await receiver.ended;
    },
  };
}

/** Whether somebody has lately told this store how far the WAL goes: a service does so every minute. */
async function isStoredHere(vault: Vault): Promise<boolean> {
  const position = await readPosition(vault);
  return position !== undefined && Math.abs(Date.now() - Date.parse(position.coveredUntil)) < freshMs;
}

interface OwnReceiver {
  /** Settles with false when somebody else receives on this slot. */
  readonly begun: Promise<boolean>;
  readonly ended: Promise<void>;
  readonly failure: unknown;
}

function receiveOwn(
  vault: HeldVault,
  slot: ReceiveOptions['slot'],
  { url, onEvent }: CreateOptions,
  signal: AbortSignal,
): OwnReceiver {
  const { promise: begun, resolve, reject } = Promise.withResolvers<boolean>();
  // It may fail before anybody waits for it.
  begun.catch(() => undefined);
  const receiver: { failure: unknown } = { failure: undefined };
  const ended = receiveWal({
    ...{ url, vault, slot, signal },
    everyMs: 10_000,
    onEvent(event) {
      if (event.kind === 'receiving') resolve(true);
      // Its segments are the backup's own affair.
      if (event.kind === 'gap') onEvent(event);
    },
    onProgress: () => undefined,
  }).then(
    () => resolve(true),
    error => {
      receiver.failure = error;
      if (isInUse(error)) resolve(false);
      else reject(error);
    },
  );
  return {
    begun,
    ended,
    get failure() {
      return receiver.failure;
    },
  };
}

/** object_in_use: another session streams from the slot. */
function isInUse(error: unknown): boolean {
  return error instanceof PgError && error.code === '55006';
}

async function waitForWal(
  vault: Vault,
  timeline: number,
  startLsn: string,
  stopLsn: string,
  signal: AbortSignal,
  nothingComes: () => Promise<void>,
): Promise<void> {
  const way = wayTo(timeline, await listTimelines(vault));
  const last = segmentBefore(readLsn(stopLsn), vault.segmentBytes);
  let next = segmentOf(readLsn(startLsn), vault.segmentBytes);
  for (let since = performance.now(), asked = since; ; ) {
    const before = next;
    while (next <= last && (await hasSegment(vault, timelineOfSegment(way, next, vault.segmentBytes), next)))
      next++;
    if (next > last) return;
    const now = performance.now();
    if (next > before) since = asked = now;
    if (now - since > patienceMs)
      throw new BackupError(
        'MISSING',
        `The WAL of the backup is not being stored: segment ${segmentName(timeline, next, vault.segmentBytes)} has not come.`,
        'Look at the backup service (peakstone status, peakstone logs backup), and begin again.',
      );
    if (now - asked > impatienceMs) {
      asked = now;
      await nothingComes();
    }
    await sleep(askMs, undefined, { signal });
  }
}
