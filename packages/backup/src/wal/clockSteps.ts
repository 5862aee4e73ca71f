import type { ClockStep } from '../catalog/clockSteps.ts';
import type { Lsn } from '../lsn.ts';

/** Sessions that end in the same moment are not written in the order of their times. */
const disorderMs = 1000;

/** Finds them among the ends of transactions in the order in which they were written. Pure. */
export class ClockSteps {
  readonly #onStep: (step: ClockStep) => void;
  #latest = Number.NEGATIVE_INFINITY;
  #step: ClockStep | undefined;

  /** @param onStep told of a step, and again while it turns out to be a longer one */
  constructor(onStep: (step: ClockStep) => void) {
    this.#onStep = onStep;
  }

  hear(atMs: number, lsn: Lsn): void {
    if (atMs >= this.#latest) {
      this.#latest = atMs;
      this.#step = undefined;
      return;
    }
    if (this.#latest - atMs < disorderMs || (this.#step && atMs >= this.#step.back)) return;
    this.#step = { lsn: this.#step?.lsn ?? lsn, ahead: this.#latest, back: atMs };
    this.#onStep(this.#step);
  }
}
