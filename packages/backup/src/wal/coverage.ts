import type { Lsn } from '../lsn.ts';

/** Until when everything committed has been received: what the server's messages say together. */
export class Coverage {
  serverEnd: Lsn = 0n;
  /** Everything committed by then is stored; null before that is known. */
  until: Date | null = null;
  #lastSentAt: Date | null = null;
  #pending: { readonly end: Lsn; readonly at: Date } | null = null;

  /** The end that a message names was looked up after the message before it had been sent. */
  hear(walEnd: Lsn, sentAt: Date): void {
    if (walEnd > this.serverEnd) this.serverEnd = walEnd;
    if (this.#lastSentAt) this.#pending = { end: walEnd, at: this.#lastSentAt };
    this.#lastSentAt = sentAt;
  }

  /** WAL is stored up to `lsn`. */
  stored(lsn: Lsn): void {
    if (this.#pending && this.#pending.end <= lsn) this.until = this.#pending.at;
  }
}
