/** Operations by their names and arguments, as libvips describes them to every language. */
import { VipsError } from './error.ts';
import type { GType, Pointer } from './library.ts';
import * as vips from './library.ts';

/** An argument; images are pointers, whole numbers stand for enumerations too. */
export type Argument =
  | { readonly image: Pointer }
  | { readonly images: readonly Pointer[] }
  | { readonly int: number }
  | { readonly double: number }
  | { readonly flag: boolean }
  | { readonly text: string }
  | { readonly doubles: readonly number[] }
  | { readonly bytes: Buffer };

export type Arguments = Readonly<Record<string, Argument>>;

/** GLib's numbers of its own types. */
const types = { boolean: 20, int: 24, double: 60, text: 64 } as const;

/**
 * Runs an operation and gives its image. What has to look at pixels only when they are wanted, does so then.
 * The caller has one reference to the result.
 * @throws {VipsError}
 */
export function call(name: string, args: Arguments): Pointer {
  const operation = prepare(name, args);
  return finish(name, operation, vips.buildOperation(operation), takeImage('out'));
}

/** The same in a thread, for what works through pixels at once. */
export async function callAsync(name: string, args: Arguments): Promise<Pointer> {
  return await callFor(name, args, takeImage('out'));
}

/** Runs an operation in a thread and takes what it gives. @throws {VipsError} */
export async function callFor<Result>(
  name: string,
  args: Arguments,
  take: (operation: Pointer) => Result,
): Promise<Result> {
  const operation = prepare(name, args);
  const code = await inThread<number>(done => vips.buildOperation.async(operation, done));
  return finish(name, operation, code, take);
}

/** Settles when a function that runs in a thread has returned. */
export function inThread<Result>(
  start: (done: (error: Error | null, result: Result) => void) => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

/** The operation as a cell that building it may write another into. */
function prepare(name: string, args: Arguments): (Pointer | null)[] {
  const operation = vips.newOperation(name);
  if (operation === null) throw new VipsError(name);
  try {
    for (const [argument, value] of Object.entries(args)) setArgument(operation, argument, value);
  } catch (error) {
    vips.unref(operation);
    throw error;
  }
  return [operation];
}

function finish<Result>(
  name: string,
  cell: (Pointer | null)[],
  code: number,
  take: (operation: Pointer) => Result,
): Result {
  const [operation] = cell;
  if (operation == null) throw new VipsError(name);
  try {
    if (code !== 0) throw new VipsError(name);
    return take(operation);
  } finally {
    vips.unrefOutputs(operation);
    vips.unref(operation);
  }
}

export function takeImage(name: string): (operation: Pointer) => Pointer {
  return operation =>
    withValue(vips.imageType(), value => {
      vips.getProperty(operation, name, value);
      const image = vips.getObject(value);
      if (image === null) throw new VipsError(name);
      return vips.ref(image);
    });
}

export function takeInt(name: string): (operation: Pointer) => number {
  return operation =>
    withValue(types.int, value => {
      vips.getProperty(operation, name, value);
      return vips.getInt(value);
    });
}

/** A copy of the bytes that the operation has made. */
export function takeBytes(name: string): (operation: Pointer) => Buffer {
  return operation =>
    withValue(vips.blobType(), value => {
      vips.getProperty(operation, name, value);
      const blob = vips.getBoxed(value);
      if (blob === null) throw new VipsError(name);
      const size = [0];
      const data = vips.getBlob(blob, size);
      return vips.copyBytes(data, Number(size[0]));
    });
}

export function takeDoubles(name: string): (operation: Pointer) => readonly number[] {
  return operation =>
    withValue(vips.arrayDoubleType(), value => {
      vips.getProperty(operation, name, value);
      const count = [0];
      const data = vips.getDoubles(value, count);
      const bytes = vips.copyBytes(data, Number(count[0]) * 8);
      return [...new Float64Array(bytes.buffer, bytes.byteOffset, Number(count[0]))];
    });
}

function withValue<Result>(type: GType, use: (value: Buffer) => Result): Result {
  // 24 bytes that begin as zeros; not of the pool, since a C function keeps the address while it runs.
  const value = Buffer.from(new ArrayBuffer(24));
  vips.initValue(value, type);
  try {
    return use(value);
  } finally {
    vips.unsetValue(value);
  }
}

function setArgument(operation: Pointer, name: string, argument: Argument): void {
  withValue(typeOf(argument), value => {
    fill(value, argument);
    vips.setProperty(operation, name, value);
  });
}

function typeOf(argument: Argument): GType {
  if ('image' in argument) return vips.imageType();
  if ('images' in argument) return vips.arrayImageType();
  if ('int' in argument) return types.int;
  if ('double' in argument) return types.double;
  if ('flag' in argument) return types.boolean;
  if ('text' in argument) return types.text;
  return 'doubles' in argument ? vips.arrayDoubleType() : vips.blobType();
}

function fill(value: Buffer, argument: Argument): void {
  if ('image' in argument) vips.setObject(value, argument.image);
  else if ('images' in argument) {
    vips.setImages(value, argument.images.length);
    // The array counts its images itself.
    vips.writePointers(vips.getImages(value, null), argument.images.map(vips.ref));
  } else if ('int' in argument) vips.setInt(value, argument.int);
  else if ('double' in argument) vips.setDouble(value, argument.double);
  else if ('flag' in argument) vips.setBoolean(value, argument.flag ? 1 : 0);
  else if ('text' in argument) vips.setString(value, argument.text);
  else if ('doubles' in argument) {
    vips.setDoubles(value, Float64Array.from(argument.doubles), argument.doubles.length);
  } else {
    const blob = vips.newBlob(null, argument.bytes, argument.bytes.length);
    vips.setBoxed(value, blob);
    vips.unrefArea(blob);
  }
}
