/** Who is at work, and who waits for it. */
import { ImagesError } from './errors.ts';

export class Queue {
  readonly #workers: number;
  /** 0 for any number. */
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #working = 0;

  constructor(workers: number, maxWaiting: number) {
    this.#workers = workers;
    this.#maxWaiting = maxWaiting;
  }

  get working(): number {
    return this.#working;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a place at work, and gives what makes it free again.
   * @throws {ImagesError} `queueFull`. @throws the signal's reason
   */
  async enter(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#working < this.#workers) {
      this.#working++;
    } else {
      if (this.#maxWaiting > 0 && this.#waiting.size >= this.#maxWaiting) {
        throw new ImagesError('queueFull', 'The queue is full.');
      }
      await this.#turn(signal);
    }
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (!left) this.#leave();
        left = true;
      },
    };
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', give);
        resolve();
      };
      const give = (): void => {
        this.#waiting.delete(go);
        reject(signal.reason as Error);
      };
      this.#waiting.add(go);
      signal.addEventListener('abort', give, { once: true });
    });
  }

  /** The place goes to who has waited longest. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#working--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
