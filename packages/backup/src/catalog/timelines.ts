/** Where timelines began, and which way leads to one. */
import { BackupError } from '../errors.ts';
import { hex8, type Lsn, readLsn, segmentStart } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import { isUnreadable } from './unreadable.ts';

const folder = 'history/';

/** Where a timeline left the one before. */
export interface Timeline {
  readonly id: number;
  /** PostgreSQL's own file of it. */
  readonly history: string;
  /** When it was first seen, by the clock of whoever saw it. */
  readonly since: string;
}

/** Those that can be read, and why others cannot: one of them must not hide the others. */
export interface Timelines {
  readonly timelines: readonly Timeline[];
  readonly damaged: readonly string[];
}

/**
 * Keeps where a timeline began. @throws {BackupError} FOREIGN when the store knows another timeline of that number: a copy of
 * this cluster, or this one restored without its history, has gone another way.
 */
export async function keepTimeline(vault: Vault, id: number, history: string, now: Date): Promise<void> {
  const name = `${folder}${hex8(id)}`;
  const timeline: Timeline = { id, history, since: now.toISOString() };
  if (await vault.write(name, Buffer.from(JSON.stringify(timeline)), { ifAbsent: true })) return;
  const kept = await readTimeline(vault, name);
  if (typeof kept === 'string') {
    // The server has it whole.
    await vault.write(name, Buffer.from(JSON.stringify(timeline)));
    return;
  }
  if (kept && sameHistory(kept.history, history)) return;
  throw new BackupError(
    'FOREIGN',
    `${vault.place} has another timeline ${id} of this cluster: two copies of one database write there.`,
    'Give this one a place of its own (BACKUP_STORE).',
  );
}

/** Those after the first, which has no history, by number. @throws {BackupError} STORE, KEY */
export async function readTimelines(vault: Vault): Promise<Timelines> {
  const timelines: Timeline[] = [];
  const damaged: string[] = [];
  for (const { name } of await vault.list(folder)) {
    const timeline = await readTimeline(vault, name);
    if (typeof timeline === 'string') damaged.push(timeline);
    else if (timeline) timelines.push(timeline);
  }
  return { timelines: timelines.sort((a, b) => a.id - b.id), damaged };
}

export async function listTimelines(vault: Vault): Promise<readonly Timeline[]> {
  return (await readTimelines(vault)).timelines;
}

/** Why it cannot be read, where it is damaged. */
async function readTimeline(vault: Vault, name: string): Promise<Timeline | string | undefined> {
  try {
    const bytes = await vault.read(name);
    return bytes && (JSON.parse(bytes.toString()) as Timeline);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return error.message;
  }
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

/** Whether what a backup holds is of this way, up to its end. Pure. */
export function isOnWay(
  { timeline, stopLsn }: { readonly timeline: number; readonly stopLsn: string },
  way: readonly Stretch[],
): boolean {
  return way.some(
    stretch => stretch.timeline === timeline && (stretch.to === null || readLsn(stopLsn) <= stretch.to),
  );
}

/** The timeline whose file holds this segment on the way: the newest one that begins in it or before. Pure. */
export function timelineOfSegment(way: readonly Stretch[], segment: number, segmentBytes: number): number {
  const end = segmentStart(segment + 1, segmentBytes);
  return way.findLast(({ from }) => from < end)!.timeline;
}
