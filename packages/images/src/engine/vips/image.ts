/** A picture of libvips that changes from step to step: each change lets go of what it was. */
import { VipsError } from './error.ts';
import type { Pointer } from './library.ts';
import * as vips from './library.ts';
import { type Arguments, call, callAsync, inThread } from './operation.ts';

/** Operations that call the image they work on `input`, where all others say `in`. */
const calledInput: ReadonlySet<string> = new Set(['extract_area', 'smartcrop', 'zoom']);

export class Image implements Disposable {
  #pointer: Pointer | null;
  /** What libvips reads while it works, and does not count itself. */
  readonly #holds: unknown;

  /** Takes over the caller's reference. */
  constructor(pointer: Pointer, holds: unknown = null) {
    this.#pointer = pointer;
    this.#holds = holds;
  }

  get pointer(): Pointer {
    if (this.#pointer === null) throw new Error('The image is released.');
    return this.#pointer;
  }

  get width(): number {
    return vips.width(this.pointer);
  }
  get height(): number {
    return vips.height(this.pointer);
  }
  get bands(): number {
    return vips.bands(this.pointer);
  }
  get bandFormat(): number {
    return vips.bandFormat(this.pointer);
  }
  get coding(): number {
    return vips.coding(this.pointer);
  }
  get interpretation(): number {
    return vips.interpretation(this.pointer);
  }
  get guessedInterpretation(): number {
    return vips.guessInterpretation(this.pointer);
  }
  get hasAlpha(): boolean {
    return vips.hasAlpha(this.pointer) !== 0;
  }
  get pageHeight(): number {
    return vips.pageHeight(this.pointer);
  }

  /** What this one is derived from stays as it is. */
  branch(): Image {
    return new Image(vips.ref(this.pointer), this.#holds);
  }

  /** Becomes the result of an operation on it. @throws {VipsError} */
  apply(operation: string, args: Arguments = {}): void {
    this.replace(call(operation, { ...this.#input(operation), ...args }));
  }

  /** The same in a thread, for operations that work through the pixels at once. */
  async applyAsync(operation: string, args: Arguments = {}): Promise<void> {
    this.replace(await callAsync(operation, { ...this.#input(operation), ...args }));
  }

  #input(operation: string): Arguments {
    return { [calledInput.has(operation) ? 'input' : 'in']: { image: this.pointer } };
  }

  /** Becomes another; its reference is taken over. */
  replace(pointer: Pointer): void {
    const old = this.#pointer;
    this.#pointer = pointer;
    if (old !== null && old !== pointer) vips.unref(old);
    else if (old !== null) vips.unref(pointer);
  }

  /** Becomes what another one is. */
  become(other: Image): void {
    this.replace(vips.ref(other.pointer));
  }

  /** Works through all that was asked for, so that pixels can be read in any order. */
  async copyMemory(): Promise<void> {
    const pointer = await inThread<Pointer | null>(done => vips.copyMemory.async(this.pointer, done));
    if (pointer === null) throw new VipsError('copy_memory');
    this.replace(pointer);
  }

  /** Before its fields are changed: what it shares with others must not change with it. */
  own(): void {
    this.apply('copy');
  }

  hasField(name: string): boolean {
    return Number(vips.fieldType(this.pointer, name)) !== 0;
  }

  getInt(name: string): number | undefined {
    const value = [0];
    if (!this.hasField(name)) return undefined;
    if (vips.getIntField(this.pointer, name, value) !== 0) {
      vips.clearError();
      return undefined;
    }
    return value[0];
  }

  getInts(name: string): readonly number[] | undefined {
    const data: (Pointer | null)[] = [null];
    const count = [0];
    if (!this.hasField(name)) return undefined;
    if (vips.getIntsField(this.pointer, name, data, count) !== 0 || data[0] == null) {
      vips.clearError();
      return undefined;
    }
    const bytes = vips.copyBytes(data[0], Number(count[0]) * 4);
    return [...new Int32Array(bytes.buffer, bytes.byteOffset, Number(count[0]))];
  }

  getBlob(name: string): Buffer | undefined {
    const data: (Pointer | null)[] = [null];
    const size = [0];
    if (!this.hasField(name)) return undefined;
    if (vips.getBlobField(this.pointer, name, data, size) !== 0 || data[0] == null) {
      vips.clearError();
      return undefined;
    }
    return vips.copyBytes(data[0], Number(size[0]));
  }

  fields(): readonly string[] {
    const strings = vips.fields(this.pointer);
    try {
      return vips.readStrings(strings);
    } finally {
      vips.freeStrings(strings);
    }
  }

  // The fields of an image of its own: see `own`.

  setInt(name: string, value: number): void {
    vips.setIntField(this.pointer, name, value);
  }

  setInts(name: string, values: readonly number[]): void {
    vips.setIntsField(this.pointer, name, Int32Array.from(values), values.length);
  }

  setBlob(name: string, bytes: Buffer): void {
    vips.setBlobField(this.pointer, name, bytes, bytes.length);
  }

  remove(name: string): void {
    vips.removeField(this.pointer, name);
  }

  /** All pixels, as they lie in memory (rows from the top, bands side by side), behind the head where there is one. */
  async pixels(head: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    const size = [0];
    const data = await inThread<Pointer | null>(done => vips.writeToMemory.async(this.pointer, size, done));
    if (data === null) throw new VipsError('write_to_memory');
    try {
      const bytes = Number(size[0]);
      const whole = Buffer.allocUnsafeSlow(head.length + bytes);
      whole.set(head);
      vips.copyInto(whole, head.length, data, bytes);
      return whole;
    } finally {
      vips.free(data);
    }
  }

  /** Ends whatever works on it in a thread; it fails then. */
  kill(): void {
    if (this.#pointer !== null) vips.setKill(this.#pointer, 1);
  }

  release(): void {
    if (this.#pointer !== null) vips.unref(this.#pointer);
    this.#pointer = null;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Runs operations one after the other and lets go of all between; gives the last one's result. */
export class Scope implements Disposable {
  readonly #pointers: Pointer[] = [];

  /** The result of an operation, released with the scope. */
  call(operation: string, args: Arguments): Pointer {
    return this.hold(call(operation, args));
  }

  hold(pointer: Pointer): Pointer {
    this.#pointers.push(pointer);
    return pointer;
  }

  /** Hands a result on to who outlives the scope. */
  keep(pointer: Pointer): Pointer {
    return vips.ref(pointer);
  }

  [Symbol.dispose](): void {
    for (const pointer of this.#pointers.splice(0)) vips.unref(pointer);
  }
}
