/** Looks at what the store holds: whether each backup can be restored, and whether the WAL behind it is without a gap. */
import { type Backup, backupShelf, chainOf, manifestName, partName } from './catalog/backups.ts';
import { findStray } from './catalog/shelf.ts';
import { timelineOfSegment, wayTo } from './catalog/timelines.ts';
import { BackupError } from './errors.ts';
import type { OnBackupEvent } from './events.ts';
import { readLsn, segmentBefore, segmentName, segmentOf } from './lsn.ts';
import { type Contents, readContents } from './restore/contents.ts';
import { readFiles } from './restore/extract.ts';
import { planRestore, whyNoneLeadsToNow } from './restore/plan.ts';
import { readPlanned } from './restore/walFiles.ts';
import type { Vault } from './vault.ts';

export interface VerifyOptions {
  /** Of backups; all of them when undefined. */
  readonly ids?: readonly string[] | undefined;
  /** Reads every byte; else only what there is is listed. */
  readonly deep: boolean;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

export interface Verification {
  readonly backups: readonly VerifiedBackup[];
  /** Of the WAL that leads from the oldest backup to now. */
  readonly walProblems: readonly string[];
  readonly segments: number;
}

export interface VerifiedBackup {
  readonly id: string;
  /** Why it cannot be restored; empty when it can. */
  readonly problems: readonly string[];
}

/** @throws {BackupError} STORE where nothing can be looked at; what is wrong with the objects is in the result */
export async function verifyBackups(vault: Vault, options: VerifyOptions): Promise<Verification> {
  const { ids, signal } = options;
  const contents = await readContents(vault);
  const known = [...contents.backups, ...contents.damaged].map(({ id }) => id);
  const unknown = ids?.find(id => !known.includes(id));
  if (unknown !== undefined)
    throw new BackupError(
      'MISSING',
      `There is no backup ${unknown} in ${vault.place}.`,
      'See them: peakstone backup list',
    );
  const chosen = contents.backups.filter(({ id }) => ids === undefined || ids.includes(id));
  const present = new Set((await vault.list('base/')).map(({ name }) => name));
  const own = new Map<string, readonly string[]>();
  // Of chains as well: one that stands on a damaged one is of no use either.
  for (const backup of contents.backups.filter(each => chosen.some(of => standsOn(of, each, contents)))) {
    signal.throwIfAborted();
    own.set(backup.id, await problemsOf(vault, backup, contents, present, options));
  }
  const damaged = contents.damaged
    .filter(({ id }) => ids === undefined || ids.includes(id))
    .map(({ id, reason }) => ({ id, problems: [reason] }));
  const backups = [
    ...chosen.map(backup => ({ id: backup.id, problems: chainProblems(backup, contents, own) })),
    ...damaged,
  ];
  const stray = ids === undefined ? await findStray(vault, backupShelf, known) : [];
  const wal = await verifyWal(vault, contents, options);
  return { backups: [...backups, ...stray.map(id => ({ id, problems: [withoutEntry(vault, id)] }))], ...wal };
}

function withoutEntry({ place }: Vault, id: string): string {
  return `Backup ${id} has all its files and no entry: it cannot be restored, and nothing removes it. What is under base/${id}/ in ${place} may go by hand.`;
}

function standsOn(backup: Backup, on: Backup, { backups }: Contents): boolean {
  for (let at: Backup | undefined = backup, left = backups.length; at && left >= 0; left--) {
    if (at.id === on.id) return true;
    const { parent }: Backup = at;
    at = backups.find(({ id }) => id === parent);
  }
  return false;
}

function chainProblems(
  backup: Backup,
  { backups }: Contents,
  own: ReadonlyMap<string, readonly string[]>,
): string[] {
  try {
    return chainOf(backup, backups).flatMap(({ id }) => own.get(id) ?? []);
  } catch (error) {
    return [...(own.get(backup.id) ?? []), messageOf(error)];
  }
}

async function problemsOf(
  vault: Vault,
  backup: Backup,
  contents: Contents,
  present: ReadonlySet<string>,
  { deep, onEvent, signal }: VerifyOptions,
): Promise<string[]> {
  const names = [
    ...Array.from({ length: backup.parts }, (_, part) => partName(backup.id, part)),
    manifestName(backup.id),
  ];
  const problems = names.filter(name => !present.has(name)).map(name => `${name} is not in ${vault.place}.`);
  problems.push(...missingWal(vault, backup, contents));
  if (!deep || problems.length > 0) return problems;
  try {
    let bytes = 0;
    await readFiles(
      vault,
      backup,
      more => {
        signal.throwIfAborted();
        bytes += more;
      },
      async () => undefined,
    );
    onEvent({ kind: 'verified', what: backup.id, bytes });
  } catch (error) {
    signal.throwIfAborted();
    problems.push(messageOf(error));
  }
  return problems;
}

/** Of the time in which the backup was made: without it, it is nothing. */
function missingWal(
  vault: Vault,
  { id, timeline, startLsn, stopLsn }: Backup,
  { timelines, wal }: Contents,
): string[] {
  const way = wayTo(timeline, timelines);
  const last = segmentBefore(readLsn(stopLsn), vault.segmentBytes);
  const missing: string[] = [];
  for (let segment = segmentOf(readLsn(startLsn), vault.segmentBytes); segment <= last; segment++) {
    const of = timelineOfSegment(way, segment, vault.segmentBytes);
    if (!wal.whole.get(of)?.has(segment))
      missing.push(
        `WAL segment ${segmentName(of, segment, vault.segmentBytes)}, which ${id} needs, is not in ${vault.place}.`,
      );
  }
  return missing;
}

/** From the oldest backup that has all of it: by the same plan that a restore would follow. */
async function verifyWal(
  vault: Vault,
  contents: Contents,
  { deep, onEvent, signal }: VerifyOptions,
): Promise<Pick<Verification, 'walProblems' | 'segments'>> {
  const problems: string[] = [...contents.damagedRecords];
  const oldest = contents.backups[0];
  if (!oldest) return { walProblems: problems, segments: 0 };
  const plan = walPlan(contents, oldest, problems);
  if (!deep) return { walProblems: problems, segments: plan.length };
  let bytes = 0;
  for (const segment of plan) {
    signal.throwIfAborted();
    try {
      bytes += (await readPlanned(vault, segment)).length;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  onEvent({ kind: 'verified', what: 'WAL', bytes });
  return { walProblems: problems, segments: plan.length };
}

function walPlan(contents: Contents, oldest: Backup, problems: string[]) {
  for (const backup of [oldest, ...contents.backups.slice(1)]) {
    try {
      return planRestore(contents, { target: { kind: 'latest' }, backup: backup.id }).segments;
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
      // Of backups of timelines that were left, the WAL ends by nature.
      if (error.code !== 'TARGET' && !problems.includes(error.message)) problems.push(error.message);
    }
  }
  const none = whyNoneLeadsToNow(contents)?.message;
  if (none !== undefined && !problems.includes(none)) problems.push(none);
  return [];
}

function messageOf(error: unknown): string {
  if (error instanceof BackupError && error.code !== 'STORE') return error.message;
  throw error;
}
