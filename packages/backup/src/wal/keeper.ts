import type { CopyBoth } from '@peakstone/kernel/pg';
import { writeCurrent } from '../catalog/current.ts';
import { readPositionOf, writePosition } from '../catalog/positions.ts';
import { BackupError } from '../errors.ts';
import { formatLsn, type Lsn, readLsn } from '../lsn.ts';
import type { Vault } from '../vault.ts';
import type { Coverage } from './coverage.ts';
import { writeStatus } from './messages.ts';
import type { SegmentWriter } from './segmentWriter.ts';

/** Of time that passed without new WAL the store is told every so many rounds. */
const idleRounds = 6;

/** Stores the unfinished segment every so often, and tells the server and the store how far everything is. */
export class Keeper {
  readonly #vault: Vault;
  readonly #writer: SegmentWriter;
  readonly #coverage: Coverage;
  readonly #everyMs: number;
  readonly #assertOurs: (() => Promise<void>) | undefined;
  #copy: CopyBoth | null = null;
  #timer: NodeJS.Timeout | undefined;
  #keeping: Promise<void> | null = null;
  /** Everything committed by then is stored, and the store knows it; null before that is so. */
  coveredUntil: Date | null = null;
  #toldLsn: Lsn = -1n;
  /** Stored in a place of which it was seen afterwards that it is still ours: the server may let go of it. */
  #assured: Lsn;
  #toldTimeline = false;

  /** @param assertOurs whether nobody else stores this WAL; undefined beside somebody who does: only whole segments are stored then */
  constructor(
    vault: Vault,
    writer: SegmentWriter,
    coverage: Coverage,
    everyMs: number,
    assertOurs: (() => Promise<void>) | undefined,
  ) {
    this.#vault = vault;
    this.#writer = writer;
    this.#coverage = coverage;
    this.#everyMs = everyMs;
    this.#assertOurs = assertOurs;
    this.#assured = writer.flushed;
  }

  /** @param failed told what a write failed by @param tell called after each round */
  begin(copy: CopyBoth, failed: (error: unknown) => void, tell: () => void): void {
    this.#copy = copy;
    // The answer says how far the server is.
    this.#report(true);
    this.#timer = setInterval(() => {
      // A store that takes its time must not let the server think that nobody is here.
      this.#report(true);
      this.#keeping ??= this.#keep()
        .then(tell, failed)
        .finally(() => {
          this.#keeping = null;
        });
    }, this.#everyMs);
  }

  /** Stores what has come, says so, and ends the copy. */
  async end(): Promise<void> {
    this.stop();
    await this.#keeping;
    await this.#keep(true);
    this.#copy?.end();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #keep(isLast = false): Promise<void> {
    await this.#assertOurs?.();
    await this.#assertKept();
    if (this.#assertOurs) await this.#writer.storePartial();
    const { flushed } = this.#writer;
    // A disk may have gone since: what lies where it was mounted is not stored.
    await this.#assertOurs?.();
    this.#assured = flushed;
    this.#report(false);
    if (!this.#assertOurs) return;
    await this.#tellStore(isLast ? 0 : idleRounds * this.#everyMs);
  }

  /** Whether the store still knows what it was told: one that was set back to an earlier state lacks what came since. @throws {BackupError} MISSING */
  async #assertKept(): Promise<void> {
    if (this.#toldLsn < 0n) return;
    const kept = await readPositionOf(this.#vault, this.#writer.timeline);
    if (kept === 'unreadable' || (kept && readLsn(kept.lsn) >= this.#toldLsn)) return;
    throw new BackupError(
      'MISSING',
      `${this.#vault.place} was set back to an earlier state: WAL was stored up to ${formatLsn(this.#toldLsn)}, and it knows of ${kept ? kept.lsn : 'none'}.`,
      'What is missing is stored anew, beginning with a full backup. Look at who did it.',
    );
  }

  #report(asksForReply: boolean): void {
    this.#copy?.send(this.status(asksForReply));
  }

  /** What the server is told of how far everything is. */
  status(asksForReply: boolean): Buffer {
    const { position, flushed } = this.#writer;
    return writeStatus(position, this.#assertOurs ? this.#assured : flushed, new Date(), asksForReply);
  }

  async #tellStore(idleMs: number): Promise<void> {
    const { flushed, timeline } = this.#writer;
    this.#coverage.stored(flushed);
    const { until } = this.#coverage;
    if (!until) return;
    const idle =
      this.coveredUntil === null
        ? Number.POSITIVE_INFINITY
        : Math.abs(until.getTime() - this.coveredUntil.getTime());
    if (flushed === this.#toldLsn && idle < idleMs) return;
    // All that was stored so far is compared with what the store had: this is the database, and this where it goes on.
    if (!this.#toldTimeline) await writeCurrent(this.#vault, timeline);
    this.#toldTimeline = true;
    await writePosition(this.#vault, {
      timeline,
      lsn: formatLsn(flushed),
      coveredUntil: until.toISOString(),
    });
    this.#toldLsn = flushed;
    this.coveredUntil = until;
  }
}
