/** What WAL the store holds: whole segments by timeline, the unfinished last ones, and where timelines began. */
import { BackupError } from '../errors.ts';
import { hex8, type Lsn, parseSegmentName, readLsn, segmentName, segmentStart } from '../lsn.ts';
import type { Vault } from '../vault.ts';

const folder = 'wal/';
const partialSuffix = '.partial';
const historyFolder = 'history/';
const positionName = 'position';

/** By timeline. */
export interface WalIndex {
  readonly whole: ReadonlyMap<number, ReadonlySet<number>>;
  readonly partial: ReadonlyMap<number, ReadonlySet<number>>;
}

/** How far the stored WAL goes. */
export interface WalPosition {
  readonly timeline: number;
  readonly lsn: string;
  /** Everything that was committed by then is in it; ISO 8601, by the server's clock. */
  readonly coveredUntil: string;
}

/** Where a timeline left the one before. */
export interface Timeline {
  readonly id: number;
  /** PostgreSQL's own file of it. */
  readonly history: string;
  /** When it was first seen, by the clock of whoever saw it. */
  readonly since: string;
}

export async function indexWal(vault: Vault): Promise<WalIndex> {
  const whole = new Map<number, Set<number>>();
  const partial = new Map<number, Set<number>>();
  for (const { name } of await vault.list(folder)) {
    const file = name.slice(name.lastIndexOf('/') + 1);
    const isPartial = file.endsWith(partialSuffix);
    const found = parseSegmentName(
      isPartial ? file.slice(0, -partialSuffix.length) : file,
      vault.segmentBytes,
    );
    if (!found) continue;
    const index = isPartial ? partial : whole;
    index.set(found.timeline, (index.get(found.timeline) ?? new Set()).add(found.segment));
  }
  return { whole, partial };
}

export async function writeSegment(
  vault: Vault,
  timeline: number,
  segment: number,
  bytes: Uint8Array,
): Promise<void> {
  await vault.write(objectName(vault, timeline, segment), bytes);
}

export async function writePartial(
  vault: Vault,
  timeline: number,
  segment: number,
  bytes: Uint8Array,
): Promise<void> {
  await vault.write(objectName(vault, timeline, segment) + partialSuffix, bytes);
}

export async function removePartial(vault: Vault, timeline: number, segment: number): Promise<void> {
  await vault.delete([objectName(vault, timeline, segment) + partialSuffix]);
}

/** @throws {BackupError} MISSING, CORRUPT, KEY, STORE */
export async function readSegment(vault: Vault, timeline: number, segment: number): Promise<Buffer> {
  const name = objectName(vault, timeline, segment);
  const bytes = await vault.read(name, vault.segmentBytes);
  if (bytes === undefined) throw missingSegment(vault, timeline, segment);
  if (bytes.length !== vault.segmentBytes)
    throw new BackupError(
      'CORRUPT',
      `${name} in the store is not a whole segment.`,
      'Run peakstone backup verify.',
    );
  return bytes;
}

export async function hasSegment(vault: Vault, timeline: number, segment: number): Promise<boolean> {
  const name = objectName(vault, timeline, segment);
  return (await vault.list(name)).some(each => each.name === name);
}

/** As much of the segment as there was. */
export async function readPartial(
  vault: Vault,
  timeline: number,
  segment: number,
): Promise<Buffer | undefined> {
  return await vault.read(objectName(vault, timeline, segment) + partialSuffix, vault.segmentBytes);
}

/** Removes whole and partial segments of every timeline before this one. @returns how many */
export async function removeSegmentsBefore(vault: Vault, first: number): Promise<number> {
  const names = (await vault.list(folder)).map(({ name }) => name);
  const old = names.filter(name => {
    const file = name.slice(name.lastIndexOf('/') + 1).replace(partialSuffix, '');
    const found = parseSegmentName(file, vault.segmentBytes);
    return found !== undefined && found.segment < first;
  });
  await vault.delete(old);
  return old.length;
}

export function missingSegment(vault: Vault, timeline: number, segment: number): BackupError {
  const name = segmentName(timeline, segment, vault.segmentBytes);
  return new BackupError(
    'MISSING',
    `WAL segment ${name} is not in ${vault.place}.`,
    'What was committed behind it cannot be restored from here; make a new full backup.',
  );
}

export async function writePosition(vault: Vault, position: WalPosition): Promise<void> {
  await vault.write(positionName, Buffer.from(JSON.stringify(position)));
}

export async function readPosition(vault: Vault): Promise<WalPosition | undefined> {
  const bytes = await vault.read(positionName);
  return bytes && (JSON.parse(bytes.toString()) as WalPosition);
}

/**
 * Keeps where a timeline began. @throws {BackupError} FOREIGN when the store knows another timeline of that number: a copy of
 * this cluster, or this one restored without its history, has gone another way.
 */
export async function keepTimeline(vault: Vault, id: number, history: string, now: Date): Promise<void> {
  const name = `${historyFolder}${hex8(id)}`;
  const timeline: Timeline = { id, history, since: now.toISOString() };
  if (await vault.write(name, Buffer.from(JSON.stringify(timeline)), { ifAbsent: true })) return;
  const kept = await readTimeline(vault, name);
  if (kept && sameHistory(kept.history, history)) return;
  throw new BackupError(
    'FOREIGN',
    `${vault.place} has another timeline ${id} of this cluster: two copies of one database write there.`,
    'Give this one a place of its own (BACKUP_STORE).',
  );
}

/** Those after the first, which has no history. */
export async function listTimelines(vault: Vault): Promise<Timeline[]> {
  const timelines: Timeline[] = [];
  for (const { name } of await vault.list(historyFolder)) {
    const timeline = await readTimeline(vault, name);
    if (timeline) timelines.push(timeline);
  }
  return timelines.sort((a, b) => a.id - b.id);
}

async function readTimeline(vault: Vault, name: string): Promise<Timeline | undefined> {
  const bytes = await vault.read(name);
  return bytes && (JSON.parse(bytes.toString()) as Timeline);
}

/** The reason at a line's end is for people. */
function sameHistory(one: string, other: string): boolean {
  return JSON.stringify(parseHistory(one)) === JSON.stringify(parseHistory(other));
}

/** The timelines before this one, and where each was left. Pure. @see https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-TIMELINES */
export function parseHistory(text: string): { readonly timeline: number; readonly end: string }[] {
  return text
    .split('\n')
    .map(line => /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line))
    .filter(match => match !== null)
    .map(match => ({ timeline: Number(match[1]), end: match[2]! }));
}

/** A stretch of the WAL that leads to a timeline's end. */
export interface Stretch {
  readonly timeline: number;
  readonly from: Lsn;
  /** Where the next timeline begins; null for the last one. */
  readonly to: Lsn | null;
}

/** The way that leads from the beginning of everything to the end of this timeline. Pure. */
export function wayTo(timeline: number, timelines: readonly Timeline[]): Stretch[] {
  const history = timelines.find(({ id }) => id === timeline)?.history;
  const before = history === undefined ? [] : parseHistory(history);
  let from = 0n;
  const way: Stretch[] = [];
  for (const { timeline: id, end } of before) {
    const to = readLsn(end);
    way.push({ timeline: id, from, to });
    from = to;
  }
  return [...way, { timeline, from, to: null }];
}

/** The timeline whose file holds this segment on the way: the newest one that begins in it or before. Pure. */
export function timelineOfSegment(way: readonly Stretch[], segment: number, segmentBytes: number): number {
  const end = segmentStart(segment + 1, segmentBytes);
  return way.findLast(({ from }) => from < end)!.timeline;
}

function objectName(vault: Vault, timeline: number, segment: number): string {
  return `${folder}${hex8(timeline)}/${segmentName(timeline, segment, vault.segmentBytes)}`;
}
