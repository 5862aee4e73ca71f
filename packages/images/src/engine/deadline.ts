/** When a job has to end: looked at between its steps, and told to libvips while one of them works. */
import { ImagesError } from '../errors.ts';
import type { Image } from './vips/index.ts';

export class Deadline {
  #ended = false;
  #working: Image | null = null;

  /** Ends the job: a step that works fails at once, the next one does not begin. */
  end(): void {
    this.#ended = true;
    this.#working?.kill();
  }

  /** @throws {ImagesError} `timeout` */
  check(): void {
    if (this.#ended) throw new ImagesError('timeout', 'The picture took longer than it may.');
  }

  /** Lets pixels of the image be worked through, which `end` cuts short. */
  async during<Result>(image: Image, work: () => Promise<Result>): Promise<Result> {
    this.check();
    this.#working = image;
    try {
      return await work();
    } catch (error) {
      this.check();
      throw error;
    } finally {
      this.#working = null;
    }
  }
}
