import type { Step } from '../step.ts';
import { type StepFailure, settleOrder } from './run.ts';

/** What of a scratch database it takes to make copies of it. */
interface Copyable<Copy> {
  copy(): Promise<Copy>;
}

/** The copy that steps are tried on one by one, made when the first are: most plans need none. */
export class WorkCopy<Copy extends { readonly url: string; drop(): Promise<void> }> {
  readonly #original: Copyable<Copy>;
  readonly #first: Step[] = [];
  #copy: Copy | undefined;

  constructor(original: Copyable<Copy>) {
    this.#original = original;
  }

  /** As it is by now. */
  async open(): Promise<Copy> {
    if (this.#copy === undefined) {
      this.#copy = await this.#original.copy();
      await settleOrder(this.#copy.url, this.#first);
    }
    return this.#copy;
  }

  /** Steps that every further copy begins with. @returns them in an order that works, or what fails */
  async begin(steps: readonly Step[]): Promise<readonly Step[] | StepFailure> {
    const settled = await this.settle(steps);
    if (!('error' in settled)) this.#first.push(...settled);
    return settled;
  }

  /** @returns them in an order that works, or what fails */
  async settle(steps: readonly Step[]): Promise<readonly Step[] | StepFailure> {
    return steps.length === 0 ? [] : await settleOrder((await this.open()).url, steps);
  }

  /** The next one is a copy of the original again. */
  async drop(): Promise<void> {
    await this.#copy?.drop();
    this.#copy = undefined;
  }
}
