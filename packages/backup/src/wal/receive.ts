/** Receives the WAL of a server as it is written, and keeps it in the store. */
import { connectReplication, PgError, type ReplicationClient, type Result } from '@peakstone/kernel/pg';
import { type ClockStep, keepStep } from '../catalog/clockSteps.ts';
import { readPositions } from '../catalog/positions.ts';
import { keepTimeline, listTimelines, type Stretch, wayTo } from '../catalog/timelines.ts';
import { indexWal } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import { formatLsn, type Lsn, readLsn, segmentName } from '../lsn.ts';
import {
  createSlot,
  dropSlot,
  identify,
  readSlot,
  rowsOf,
  type ServerFacts,
  type Slot,
  timelineHistory,
} from '../replication/commands.ts';
import type { HeldVault, Vault } from '../vault.ts';
import { ClockSteps } from './clockSteps.ts';
import { Coverage } from './coverage.ts';
import { Keeper } from './keeper.ts';
import { readWalMessage } from './messages.ts';
import { SegmentWriter } from './segmentWriter.ts';
import { beginStream, continueStream, nextStart, type StreamStart } from './start.ts';
import { TransactionEnds } from './transactionEnds.ts';

export interface ReceiveOptions {
  /** Of a role with REPLICATION. */
  readonly url: string;
  readonly vault: HeldVault;
  /** A temporary slot ends with the connection: for a backup that needs WAL of its own time alone. */
  readonly slot: { readonly name: string; readonly temporary: boolean };
  /** How often the unfinished segment is stored. */
  readonly everyMs: number;
  readonly onEvent: OnBackupEvent;
  /** Told of what is stored up to where, and of what the server has. */
  readonly onProgress: (progress: ReceiveProgress) => void;
  /** Ends it in order: what has come is stored first. */
  readonly signal: AbortSignal;
}

export interface ReceiveProgress {
  readonly timeline: number;
  readonly received: Lsn;
  readonly stored: Lsn;
  /** The end of the server's WAL when it last said so. */
  readonly serverEnd: Lsn;
  /** Everything committed by then is stored, and the store says so; null before that is known. */
  readonly coveredUntil: Date | null;
}

/** A server that says nothing more is left after this time. */
const farewellMs = 10_000;

/**
 * Streams until `signal` is aborted. Goes on where the store ends; the server may let WAL go only when it is stored.
 * @throws {BackupError} {ConnectionError} {PgError} when it ends otherwise: call it again
 */
export async function receiveWal(options: ReceiveOptions): Promise<void> {
  const { url, vault, onEvent, signal } = options;
  const client = await connectReplication({ url, name: 'peakstone backup', signal });
  try {
    const server = await identify(client);
    assertSame(server, vault);
    await assertWrote(server, vault);
    const way = await keepHistory(client, vault, server.timeline);
    let slot = await openSlot(client, options);
    let compared = options.slot.temporary
      ? undefined
      : continueStream(way, await indexWal(vault), vault.segmentBytes);
    let start: StreamStart | null = compared ?? beginOf(slot, way, vault);
    while (start !== null && !signal.aborted) {
      const from: StreamStart = start;
      try {
        start = await receiveTimeline(client, from, options);
        if (start) await keepHistory(client, vault, start.timeline);
      } catch (error) {
        // Either is told before anything was sent, and leaves the connection as it was.
        if (isSlotLost(error)) {
          slot = await renewSlot(client, options);
          continue;
        }
        if (isWalGone(error) && from === compared) {
          // The server has let go of what the store has: what comes next is all there is.
          compared = undefined;
          start = nextStart(from, way, vault.segmentBytes);
          continue;
        }
        const begin = beginOf(slot, way, vault);
        if (!isWalGone(error) || begin.lsn <= from.lsn) throw error;
        onEvent({ kind: 'gap', from: formatLsn(from.lsn), to: formatLsn(begin.lsn) });
        start = begin;
      }
    }
  } finally {
    client.close();
  }
}

/** @throws {BackupError} FOREIGN when the address leads to another cluster than before */
function assertSame(server: ServerFacts, vault: Vault): void {
  if (server.systemIdentifier === vault.systemIdentifier) return;
  throw new BackupError(
    'FOREIGN',
    `The server is cluster ${server.systemIdentifier}, and its backups are of ${vault.systemIdentifier}.`,
    'The database was made anew; restart the backup service, and make a full backup.',
  );
}

/**
 * What the store has, this server has written.
 * @throws {BackupError} FOREIGN where it is a copy, or its files were set back to an earlier state
 */
async function assertWrote({ timeline, lsn }: ServerFacts, vault: Vault): Promise<void> {
  const stored = (await readPositions(vault)).positions.get(timeline);
  if (!stored || readLsn(stored.lsn) <= lsn) return;
  throw new BackupError(
    'FOREIGN',
    `${vault.place} has WAL up to ${stored.lsn} of timeline ${timeline}, and this server has written it up to ${formatLsn(lsn)} only: it is another copy of the database, or its files are of an earlier time.`,
    'Give this one a place of its own (BACKUP_STORE), or bring it to the newest state (peakstone backup restore).',
  );
}

async function openSlot(client: ReplicationClient, options: ReceiveOptions): Promise<Slot> {
  const { slot } = options;
  const found = slot.temporary ? undefined : await readSlot(client, slot.name);
  if (!found) return await createSlot(client, slot.name, slot.temporary);
  return found.restartLsn === null ? await renewSlot(client, options) : found;
}

/** In the place of one whose WAL the server has let go. */
async function renewSlot(client: ReplicationClient, { slot, onEvent }: ReceiveOptions): Promise<Slot> {
  onEvent({ kind: 'slotLost', slot: slot.name });
  await dropSlot(client, slot.name);
  return await createSlot(client, slot.name, slot.temporary);
}

function beginOf(slot: Slot, way: readonly Stretch[], vault: Vault): StreamStart {
  return beginStream(way, slot.restartLsn!, vault.segmentBytes);
}

/** The way to a timeline, whose history is kept in the store first. */
export async function keepHistory(
  client: ReplicationClient,
  vault: Vault,
  timeline: number,
): Promise<Stretch[]> {
  if (timeline > 1) {
    const history = await timelineHistory(client, timeline);
    await keepTimeline(vault, timeline, history, new Date());
  }
  return wayTo(timeline, await listTimelines(vault));
}

/** Streams one timeline. @returns where the next one begins, when the server has left this one; null when told to end */
async function receiveTimeline(
  client: ReplicationClient,
  start: StreamStart,
  { vault, slot, everyMs, onEvent, onProgress, signal }: ReceiveOptions,
): Promise<StreamStart | null> {
  const { timeline, lsn } = start;
  const writer = new SegmentWriter(vault, timeline, lsn, segment => {
    onEvent({ kind: 'segmentStored', name: segmentName(timeline, segment, vault.segmentBytes) });
    tell();
  });
  const steps: ClockStep[] = [];
  const clock = new ClockSteps(step => steps.push(step));
  const ends = new TransactionEnds(lsn, vault.segmentBytes, (at, place) => clock.hear(at, place));
  const take = async (at: Lsn, bytes: Buffer): Promise<void> => {
    await writer.append(at, bytes);
    ends.hear(bytes);
    for (let step = steps.shift(); step; step = steps.shift()) await keepStep(vault, timeline, step);
  };
  const coverage = new Coverage();
  const tell = (): void =>
    onProgress({
      timeline,
      received: writer.position,
      stored: writer.flushed,
      serverEnd: coverage.serverEnd,
      coveredUntil: keeper.coveredUntil,
    });
  const keeper = new Keeper(vault, writer, coverage, everyMs, slot.temporary ? undefined : vault.assertHeld);
  let failure: unknown;
  let farewell: NodeJS.Timeout | undefined;
  const fail = (error: unknown): void => {
    failure ??= error;
    client.close();
  };
  const stop = (): void => {
    farewell = setTimeout(() => client.close(), farewellMs);
    keeper.end().catch(fail);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const results = await client.copyBoth(
      `START_REPLICATION SLOT ${slot.name} PHYSICAL ${formatLsn(lsn)} TIMELINE ${timeline}`,
      {
        onStart(copy) {
          onEvent({ kind: 'receiving', timeline, from: formatLsn(lsn) });
          keeper.begin(copy, fail, tell);
          if (signal.aborted) stop();
        },
        onData(bytes, copy) {
          const message = readWalMessage(bytes);
          coverage.hear(message.walEnd, message.sentAt);
          if (message.kind === 'data') return take(message.at, message.bytes);
          if (message.asksForReply) copy.send(keeper.status(false));
          return undefined;
        },
      },
    );
    if (slot.temporary) await writer.settled();
    else await writer.storePartial();
    const next = nextTimeline(results, vault);
    if (next) onEvent({ kind: 'timelineChanged', timeline: next.timeline });
    return next;
  } catch (error) {
    if (signal.aborted && failure === undefined) return null;
    throw failure ?? error;
  } finally {
    clearTimeout(farewell);
    signal.removeEventListener('abort', stop);
    keeper.stop();
  }
}

/** Where a server goes on that has ended a timeline by itself. */
function nextTimeline(results: readonly Result[], vault: Vault): StreamStart | null {
  const [timeline, at] = results.flatMap(result => rowsOf([result]))[0] ?? [];
  if (!timeline || !at) return null;
  return beginStream([{ timeline: Number(timeline), from: 0n, to: null }], readLsn(at), vault.segmentBytes);
}

/** undefined_file: the segment is not there any more. */
function isWalGone(error: unknown): boolean {
  return error instanceof PgError && error.code === '58P01';
}

/** object_not_in_prerequisite_state: the slot was invalidated, as max_slot_wal_keep_size demands. */
function isSlotLost(error: unknown): boolean {
  return error instanceof PgError && error.code === '55000' && /invalidated|no longer/.test(error.message);
}
