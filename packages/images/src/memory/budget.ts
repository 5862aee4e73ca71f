/**
 * The memory that pictures take, in this process and in the one that draws them, as one number: sources, pixels, results. Who
 * wants more than is left waits for it.
 */
import { ImagesError } from '../errors.ts';

interface Waiter {
  readonly lease: Lease;
  readonly bytes: number;
  readonly grant: () => void;
  readonly refuse: (error: ImagesError) => void;
}

export class Budget {
  readonly #maxBytes: number;
  readonly #leases = new Set<Lease>();
  readonly #waiting = new Set<Waiter>();
  #used = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** What one request holds; nothing at first. */
  lease(): Lease {
    const lease = new Lease(this);
    this.#leases.add(lease);
    return lease;
  }

  /** @internal For {@link Lease}. */
  async hold(lease: Lease, bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (bytes > this.#maxBytes) {
      throw new ImagesError(
        'resolution',
        `The picture takes ${megabytes(bytes)} MB, of ${megabytes(this.#maxBytes)}.`,
      );
    }
    if (bytes > lease.bytes) return await this.#wait(lease, bytes, signal);
    this.#set(lease, bytes);
    this.#serve();
  }

  /** @internal For {@link Lease}. */
  leave(lease: Lease): void {
    this.#leases.delete(lease);
    this.#set(lease, 0);
    this.#serve();
  }

  #set(lease: Lease, bytes: number): void {
    this.#used += bytes - lease.bytes;
    lease.bytes = bytes;
  }

  #wait(lease: Lease, bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void => {
        end(() => reject(signal.reason as Error));
        this.#serve();
      };
      const waiter: Waiter = {
        lease,
        bytes,
        grant: () => end(resolve),
        refuse: error => end(() => reject(error)),
      };
      this.#waiting.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
      this.#serve();
    });
  }

  /**
   * Those who hold something already go first, each that fits, since they free it the sooner; then those who come, in order.
   * Behind one that has to wait go only small ones: all of them together leave room for it.
   */
  #serve(): void {
    let waits = false;
    const [holding, coming] = [true, false].map(holds =>
      [...this.#waiting].filter(({ lease }) => lease.bytes > 0 === holds),
    );
    for (const waiter of [...(holding ?? []), ...(coming ?? [])]) {
      const { lease, bytes, grant } = waiter;
      const passes = !waits || lease.bytes > 0 || bytes <= this.#maxBytes / 16;
      if (passes && this.#used + bytes - lease.bytes <= this.#maxBytes) {
        this.#set(lease, bytes);
        grant();
      } else {
        waits = true;
      }
    }
    if (waits) this.#unlock();
  }

  /** When nobody is left who could free anything, all wait for one another: the one that wants most gives way. */
  #unlock(): void {
    const waiting = new Set([...this.#waiting].map(({ lease }) => lease));
    if ([...this.#leases].some(lease => lease.bytes > 0 && !waiting.has(lease))) return;
    const [most] = [...this.#waiting].sort((a, b) => b.bytes - a.bytes);
    most?.refuse(new ImagesError('memory', 'The pictures in work hold all the memory that they may.'));
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1024 / 1024);

/** A request's part of the budget, given back with it. */
export class Lease implements Disposable {
  readonly #budget: Budget;
  /** For the {@link Budget} to write. */
  bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Holds so many bytes from now on, more or fewer than before.
   * @throws {ImagesError} `resolution`: more than there are at all; `memory`: all wait for one another
   * @throws the signal's reason
   */
  async hold(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#budget.hold(this, bytes, signal);
  }

  [Symbol.dispose](): void {
    this.#budget.leave(this);
  }
}
