import { lchown, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isUnreadable } from '../catalog/unreadable.ts';
import { readPartial, readSegment, wayAround } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import type { OnBackupEvent } from '../events.ts';
import { formatLsn, type Lsn, readLsn, segmentBefore, segmentName, segmentStart } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import type { Owner } from './owner.ts';
import type { PlannedSegment, RestorePlan } from './plan.ts';
import { type RestorePoint, RestorePoints } from './restorePoints.ts';

interface Options {
  readonly vault: Vault;
  readonly owner?: Owner | undefined;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

/** A plan's WAL as files: first as much as leads to the target by all that is known, the rest when recovery asks for more. */
export class WalFiles {
  readonly #plan: RestorePlan;
  readonly #root: string;
  readonly #options: Options;
  readonly #points: RestorePoints | undefined;
  #done = 0;
  /** Why it ends before the plan does; what lies before may hold the target. */
  broken: BackupError | undefined;

  /** @param root where the server's user cannot put anything */
  constructor(plan: RestorePlan, root: string, options: Options) {
    this.#plan = plan;
    this.#root = root;
    this.#options = options;
    this.#points = plan.target.kind === 'name' ? new RestorePoints(plan.target.name) : undefined;
  }

  /** Lays segments out up to the `count`th. @throws {BackupError} where the target cannot be reached without one that cannot be read */
  async layOut(folder: string, count: number): Promise<void> {
    const { vault, owner, onEvent, signal } = this.#options;
    const wanted = this.#plan.segments.slice(this.#done, count);
    onEvent({ kind: 'fetchingWal', segments: wanted.length });
    for (const segment of wanted) {
      signal.throwIfAborted();
      const bytes = await this.#read(segment);
      // What lies behind is of no use without it.
      if (bytes === undefined) break;
      this.#points?.look(bytes, segmentStart(segment.segment, vault.segmentBytes));
      const file = path.join(folder, segmentName(segment.timeline, segment.segment, vault.segmentBytes));
      await writeFile(file, filledUp(bytes, vault.segmentBytes), { mode: 0o600 });
      if (owner && folder !== this.#first) await lchown(file, owner.uid, owner.gid);
      this.#done++;
    }
  }

  /** Those of the target's name in what was laid out. */
  get points(): readonly RestorePoint[] {
    return this.#points?.found ?? [];
  }

  /** Where it ends before one that cannot be read. */
  get end(): Lsn {
    return segmentStart(this.#plan.segments[this.#done]!.segment, this.#options.vault.segmentBytes);
  }

  /** @returns the command by which the server gets what was laid out now; undefined where there is no more */
  async more(): Promise<string | undefined> {
    if (this.broken || this.#done >= this.#plan.segments.length) return undefined;
    const rest = path.join(this.#root, 'wal');
    await mkdir(rest, { mode: 0o755 });
    const before = this.#done;
    await this.layOut(rest, this.#plan.segments.length);
    // From the data folder, where the server is.
    return this.#done > before ? 'cp "../wal/%f" "%p"' : undefined;
  }

  /** Part of the data folder, which is handed over whole. */
  get #first(): string {
    return path.join(this.#root, 'postgres', 'pg_wal');
  }

  async #read(planned: PlannedSegment): Promise<Buffer | undefined> {
    const { vault } = this.#options;
    try {
      return await readPlanned(vault, planned);
    } catch (error) {
      const isGone = error instanceof BackupError && error.code === 'MISSING';
      if (!isGone && !isUnreadable(error)) throw error;
      const { segment } = planned;
      const needed = segmentBefore(readLsn(this.#plan.chain.at(-1)!.stopLsn), vault.segmentBytes);
      if (segment <= needed)
        throw new BackupError(
          error.code,
          error.message,
          'Restore from another backup: --backup (peakstone backup list).',
        );
      const hint = wayAround(vault, segment);
      this.broken = new BackupError(error.code, error.message, hint, error);
      if (this.#plan.target.kind === 'latest') throw this.broken;
      return undefined;
    }
  }
}

/** @throws {BackupError} MISSING, CORRUPT, also where there is less of an unfinished one than was stored once */
export async function readPlanned(
  vault: Vault,
  { timeline, segment, isPartial, leastBytes }: PlannedSegment,
): Promise<Buffer> {
  if (!isPartial) return await readSegment(vault, timeline, segment);
  // It has become a whole one meanwhile, where it is gone.
  const bytes =
    (await readPartial(vault, timeline, segment)) ?? (await readSegment(vault, timeline, segment));
  if (bytes.length >= leastBytes) return bytes;
  const name = segmentName(timeline, segment, vault.segmentBytes);
  const end = segmentStart(segment, vault.segmentBytes) + BigInt(bytes.length);
  throw new BackupError(
    'MISSING',
    `The unfinished WAL segment ${name} in ${vault.place} goes up to ${formatLsn(end)} only, and was stored further once.`,
    wayAround(vault, segment),
  );
}

/** PostgreSQL reads whole ones, up to the first thing that is no record. */
function filledUp(bytes: Buffer, size: number): Buffer {
  return bytes.length < size ? Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]) : bytes;
}
