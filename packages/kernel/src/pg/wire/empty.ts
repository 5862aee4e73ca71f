import { writeSync } from './frontend.ts';
import { type Outcome, Task, type Wire } from './task.ts';

/** A round trip that asks for nothing. Whatever the server says meanwhile, a cancel that came late included, is of no consequence. */
export class EmptyTask extends Task {
  readonly #onDone: () => void;

  constructor(onDone: () => void) {
    super();
    this.#onDone = onDone;
  }

  override encode(wire: Wire): void {
    writeSync(wire.out);
  }

  override message(): void {}

  override ready(): Outcome {
    this.settle();
    this.#onDone();
    return 'done';
  }

  /** The connection broke, of which its owner hears by itself. */
  protected override reject(): void {}
}
