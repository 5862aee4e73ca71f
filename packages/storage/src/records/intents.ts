/**
 * What is about to be said to the database, written down before: whatever of it a crash leaves there alone is taken back
 * at the next start.
 */
import type { Index, Writes } from '../store/index/index.ts';
import { textKey } from '../store/index/keys.ts';
import { decodeRow, encodeRow } from '../store/rows.ts';

export interface Intent {
  /** Names it, and the version that was to be. */
  readonly version: string;
  readonly bucketId: number;
  readonly key: string;
}

export class Intents {
  readonly #index: Index;
  /** Of changes under way: they are nobody's to take back. */
  readonly #running = new Set<string>();

  constructor(index: Index) {
    this.#index = index;
  }

  /** On disk when it resolves. */
  async begin(intents: readonly Intent[]): Promise<void> {
    for (const { version } of intents) this.#running.add(version);
    try {
      await this.#index.change({ alone: [] }, writes => {
        for (const intent of intents) writes.put('intents', textKey(intent.version), encodeRow(intent));
      });
    } catch (error) {
      this.letGo(intents);
      throw error;
    }
  }

  /** Part of the change that carries it out. */
  strike(writes: Writes, intents: readonly Intent[]): void {
    for (const { version } of intents) writes.remove('intents', textKey(version));
  }

  /** It is settled. */
  async end(intents: readonly Intent[]): Promise<void> {
    await this.#index.change({ alone: [] }, writes => this.strike(writes, intents));
    this.letGo(intents);
  }

  /** Whoever ran it does so no more: what is still written down is open. */
  letGo(intents: readonly Intent[]): void {
    for (const { version } of intents) this.#running.delete(version);
  }

  /** Those that nobody carries out any more. */
  open(): Intent[] {
    return this.#index
      .range('intents', Buffer.of(0), undefined, maxOpen)
      .map(({ value }) => decodeRow<Intent>(value))
      .filter(({ version }) => !this.#running.has(version));
  }
}

/** At once. */
const maxOpen = 1000;
