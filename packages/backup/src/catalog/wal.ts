/** What WAL the store holds: whole segments by timeline, and the unfinished last ones. */
import { BackupError } from '../errors.ts';
import { formatLsn, hex8, parseSegmentName, segmentName, segmentStart } from '../lsn.ts';
import type { HeldVault, Vault } from '../vault.ts';

const folder = 'wal/';
const partialSuffix = '.partial';

/** By timeline. */
export interface WalIndex {
  readonly whole: ReadonlyMap<number, ReadonlySet<number>>;
  readonly partial: ReadonlyMap<number, ReadonlySet<number>>;
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

/**
 * Stores a whole segment. What is there stays: the same bytes are well, others are of another database.
 * @returns whether it is new @throws {BackupError} FOREIGN
 */
export async function writeSegment(
  vault: Vault,
  timeline: number,
  segment: number,
  bytes: Buffer,
): Promise<boolean> {
  const name = objectName(vault, timeline, segment);
  if (await vault.write(name, bytes, { ifAbsent: true })) return true;
  const kept = await readSegment(vault, timeline, segment).catch(ignoreDamaged);
  if (kept?.equals(bytes)) return false;
  if (kept) throw foreignWal(vault, timeline, segment);
  // What is damaged is of use to nobody, and the server still has it.
  return await vault.write(name, bytes);
}

export async function writePartial(
  vault: Vault,
  timeline: number,
  segment: number,
  bytes: Uint8Array,
): Promise<void> {
  await vault.write(objectName(vault, timeline, segment) + partialSuffix, bytes);
}

export async function removePartial(vault: HeldVault, timeline: number, segment: number): Promise<void> {
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

/** As much of the segment as there was. */
export async function readPartial(
  vault: Vault,
  timeline: number,
  segment: number,
): Promise<Buffer | undefined> {
  return await vault.read(objectName(vault, timeline, segment) + partialSuffix, vault.segmentBytes);
}

/**
 * As much of the segment as there was, where that begins as `bytes` does; undefined where there is none that can be read.
 * @throws {BackupError} FOREIGN where it begins otherwise
 */
export async function readOwnPartial(
  vault: Vault,
  timeline: number,
  segment: number,
  bytes: Buffer,
): Promise<Buffer | undefined> {
  const kept = await readPartial(vault, timeline, segment).catch(ignoreDamaged);
  const common = Math.min(kept?.length ?? 0, bytes.length);
  if (kept && !kept.subarray(0, common).equals(bytes.subarray(0, common)))
    throw foreignWal(vault, timeline, segment);
  return kept;
}

export async function hasSegment(vault: Vault, timeline: number, segment: number): Promise<boolean> {
  const name = objectName(vault, timeline, segment);
  return (await vault.list(name)).some(each => each.name === name);
}

/** Removes whole and partial segments. @returns how many */
export async function removeSegments(
  vault: HeldVault,
  isOld: (timeline: number, segment: number) => boolean,
): Promise<number> {
  const names = (await vault.list(folder)).map(({ name }) => name);
  const old = names.filter(name => {
    const file = name.slice(name.lastIndexOf('/') + 1).replace(partialSuffix, '');
    const found = parseSegmentName(file, vault.segmentBytes);
    return found !== undefined && isOld(found.timeline, found.segment);
  });
  await vault.delete(old);
  return old.length;
}

export function missingSegment(vault: Vault, timeline: number, segment: number): BackupError {
  const name = segmentName(timeline, segment, vault.segmentBytes);
  return new BackupError(
    'MISSING',
    `WAL segment ${name} is not in ${vault.place}.`,
    wayAround(vault, segment),
  );
}

/** What can be done where a segment is missing or damaged. */
export function wayAround(vault: Pick<Vault, 'segmentBytes'>, segment: number): string {
  const from = formatLsn(segmentStart(segment, vault.segmentBytes));
  return `Restore up to there (--lsn ${from}), to a moment before it (--to), or from a backup made after it; and make a new full backup.`;
}

function foreignWal(vault: Vault, timeline: number, segment: number): BackupError {
  const name = segmentName(timeline, segment, vault.segmentBytes);
  return new BackupError(
    'FOREIGN',
    `${vault.place} has other WAL than this server in segment ${name}: it is another copy’s of this database, which goes on elsewhere.`,
    'Give this one a place of its own (BACKUP_STORE).',
  );
}

function ignoreDamaged(error: unknown): undefined {
  if (error instanceof BackupError && error.code === 'CORRUPT') return undefined;
  throw error;
}

function objectName(vault: Vault, timeline: number, segment: number): string {
  return `${folder}${hex8(timeline)}/${segmentName(timeline, segment, vault.segmentBytes)}`;
}
