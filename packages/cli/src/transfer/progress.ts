import type { Context } from '../grammar/command.ts';
import { printableLine } from '../output/printable.ts';
import { styleFor } from '../output/style.ts';

/** Tells how far a transfer is: a moving line on a terminal, elsewhere a line when a tenth more is done. */
export class TransferProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #dim: (text: string) => string;
  readonly #live: boolean;
  #tenth = -1;
  #phase = '';
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor({ stderr, env }: Context) {
    this.#stream = stderr;
    this.#dim = styleFor(stderr, env).dim;
    this.#live = stderr.isTTY === true && env.TERM !== 'dumb';
  }

  /** `share` of 1, or null where nobody knows how much there is. */
  show(phase: string, share: number | null, text: string): void {
    const part = share === null ? '' : `${Math.floor(Math.min(share, 1) * 100)} % `;
    if (this.#live) {
      // As often as an eye follows.
      if (performance.now() - this.#drawnAt < 100) return;
      this.#drawnAt = performance.now();
      const line = `${part}${phase}: ${printableLine(text)}`.slice(
        0,
        Math.max(10, (this.#stream.columns || 80) - 1),
      );
      this.#stream.write(`\r\u001b[2K${this.#dim(line)}`);
      return;
    }
    const tenth = Math.floor((share ?? 0) * 10);
    if (phase === this.#phase && tenth === this.#tenth) return;
    this.#phase = phase;
    this.#tenth = tenth;
    this.#stream.write(`${part}${phase}: ${printableLine(text)}\n`);
  }

  close(): void {
    if (this.#live) this.#stream.write('\r\u001b[2K');
  }
}
