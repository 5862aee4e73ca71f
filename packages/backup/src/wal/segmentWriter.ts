import { readOwnPartial, removePartial, writePartial, writeSegment } from '../catalog/wal.ts';
import { BackupError } from '../errors.ts';
import { formatLsn, type Lsn, segmentOf, segmentStart } from '../lsn.ts';
import type { HeldVault } from '../vault.ts';

/**
 * Gathers a WAL stream into segments and stores each when it is whole, and the unfinished one when asked. Only what is stored is
 * `flushed`. One object is written at a time, in order; one more segment is gathered meanwhile.
 */
export class SegmentWriter {
  readonly timeline: number;
  readonly #vault: HeldVault;
  readonly #onStored: (segment: number) => void;
  /** Received up to here. */
  position: Lsn;
  /** Stored up to here, durably. */
  flushed: Lsn;
  #segment: Buffer;
  #work: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  /** The one before us may have left one of the first segment, and more of it than has come again so far. */
  #hasPartial = true;
  #isInherited = true;

  /** @param start of a segment: each is stored whole */
  constructor(vault: HeldVault, timeline: number, start: Lsn, onStored: (segment: number) => void) {
    this.#vault = vault;
    this.timeline = timeline;
    this.position = start;
    this.flushed = start;
    this.#onStored = onStored;
    this.#segment = Buffer.alloc(vault.segmentBytes);
  }

  /** Takes what stands at `at`; resolves when more may come. @throws {BackupError} */
  async append(at: Lsn, bytes: Buffer): Promise<void> {
    if (at !== this.position)
      throw new BackupError(
        'SERVER',
        `The server sent WAL at ${formatLsn(at)} instead of ${formatLsn(this.position)}.`,
        'Is there a proxy between?',
      );
    let rest = bytes;
    while (rest.length > 0) {
      const offset = Number(this.position % BigInt(this.#vault.segmentBytes));
      const piece = rest.subarray(0, this.#vault.segmentBytes - offset);
      piece.copy(this.#segment, offset);
      this.position += BigInt(piece.length);
      rest = rest.subarray(piece.length);
      if (offset + piece.length === this.#vault.segmentBytes) await this.#store();
    }
    this.#assertWell();
  }

  /** Stores the segment that is whole, once what is under way is done. */
  async #store(): Promise<void> {
    await this.settled();
    const end = this.position;
    const segment = segmentOf(end - 1n, this.#vault.segmentBytes);
    const bytes = this.#segment;
    const hadPartial = this.#hasPartial;
    this.#segment = Buffer.alloc(this.#vault.segmentBytes);
    this.#hasPartial = false;
    this.#do(async () => {
      await this.#isNews(segment, bytes);
      const isNew = await writeSegment(this.#vault, this.timeline, segment, bytes);
      this.flushed = end;
      if (isNew) this.#onStored(segment);
      if (hadPartial) await removePartial(this.#vault, this.timeline, segment);
    });
  }

  /** Stores the unfinished segment as far as it goes, where there is something new. */
  async storePartial(): Promise<void> {
    const end = this.position;
    const segment = segmentOf(end, this.#vault.segmentBytes);
    const length = Number(end - segmentStart(segment, this.#vault.segmentBytes));
    if (length > 0 && end > this.flushed) {
      // What follows is written behind it in the same memory, never into it.
      const bytes = this.#segment.subarray(0, length);
      this.#hasPartial = true;
      this.#do(async () => {
        if (!(await this.#isNews(segment, bytes))) return;
        await writePartial(this.#vault, this.timeline, segment, bytes);
        this.flushed = end;
      });
    }
    await this.settled();
  }

  /** Whether there is more of it than the one before us has stored. @throws {BackupError} FOREIGN where that is another's */
  async #isNews(segment: number, bytes: Buffer): Promise<boolean> {
    if (!this.#isInherited) return true;
    const kept = await readOwnPartial(this.#vault, this.timeline, segment, bytes);
    if (kept && kept.length > bytes.length) return false;
    this.#isInherited = false;
    return true;
  }

  /** Resolves when nothing is being written. @throws what a write failed by */
  async settled(): Promise<void> {
    await this.#work;
    this.#assertWell();
  }

  /** Behind what is being written; not at all once a write has failed. */
  #do(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#failure) return;
      try {
        await work();
      } catch (error) {
        this.#failure = { error };
      }
    });
  }

  #assertWell(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
