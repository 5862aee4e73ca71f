/**
 * libvips, as sharp's authors distribute it, called by its C functions: sharp's own passes come in an order of their own, and
 * the reference's pictures come out bit by bit only with its own order. Loaded in the engine's process alone.
 */
import koffi from 'koffi';
import { findLibrary, isMusl } from './locate.ts';

/** A C pointer; what it points at is counted by hand. */
export type Pointer = bigint & { readonly pointer: unique symbol };

/** A type of GLib's. */
export type GType = number | bigint;

// What reads a document of many levels goes as deep: koffi's own stacks are an eighth of a megabyte.
koffi.config({ async_stack_size: 8 * 1024 * 1024 });
const library = koffi.load(findLibrary());

/** A function of the library by its C prototype; pointers are {@link Pointer}s, null is null. */
function bind<Args extends readonly unknown[], Result>(prototype: string): Bound<Args, Result> {
  return library.func(prototype) as unknown as Bound<Args, Result>;
}

interface Bound<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** In a thread of its own. */
  async(...args: [...Args, (error: Error | null, result: Result) => void]): void;
}

export const init = bind<[string], number>('int vips_init(const char *name)');
export const setConcurrency = bind<[number], void>('void vips_concurrency_set(int n)');
export const setCacheMax = bind<[number], void>('void vips_cache_set_max(int n)');
export const setCacheMaxMem = bind<[number], void>('void vips_cache_set_max_mem(size_t n)');
export const trackedMemory = bind<[], number>('size_t vips_tracked_get_mem()');
export const trackedHighWater = bind<[], number>('size_t vips_tracked_get_mem_highwater()');
export const trackedAllocations = bind<[], number>('int vips_tracked_get_allocs()');
export const errorText = bind<[], string>('const char *vips_error_buffer()');
export const clearError = bind<[], void>('void vips_error_clear()');

export const newOperation = bind<[string], Pointer | null>('void *vips_operation_new(const char *name)');
export const buildOperation = bind<[(Pointer | null)[]], number>(
  'int vips_cache_operation_buildp(_Inout_ void **operation)',
);
export const unrefOutputs = bind<[Pointer], void>('void vips_object_unref_outputs(void *object)');
export const ref = bind<[Pointer], Pointer>('void *g_object_ref(void *object)');
export const unref = bind<[Pointer], void>('void g_object_unref(void *object)');
export const unrefArea = bind<[Pointer], void>('void vips_area_unref(void *area)');

export const initValue = bind<[Buffer, GType], Pointer>('void *g_value_init(void *value, uint64_t type)');
export const unsetValue = bind<[Buffer], void>('void g_value_unset(void *value)');
export const setProperty = bind<[Pointer, string, Buffer], void>(
  'void g_object_set_property(void *object, const char *name, void *value)',
);
export const getProperty = bind<[Pointer, string, Buffer], void>(
  'void g_object_get_property(void *object, const char *name, void *value)',
);
export const setInt = bind<[Buffer, number], void>('void g_value_set_int(void *value, int n)');
export const getInt = bind<[Buffer], number>('int g_value_get_int(void *value)');
export const setDouble = bind<[Buffer, number], void>('void g_value_set_double(void *value, double n)');
export const setBoolean = bind<[Buffer, number], void>('void g_value_set_boolean(void *value, int n)');
export const setString = bind<[Buffer, string], void>('void g_value_set_string(void *value, const char *s)');
export const setObject = bind<[Buffer, Pointer], void>('void g_value_set_object(void *value, void *object)');
export const getObject = bind<[Buffer], Pointer | null>('void *g_value_get_object(void *value)');
export const setBoxed = bind<[Buffer, Pointer], void>('void g_value_set_boxed(void *value, void *boxed)');
export const getBoxed = bind<[Buffer], Pointer | null>('void *g_value_get_boxed(void *value)');
export const setDoubles = bind<[Buffer, Float64Array, number], void>(
  'void vips_value_set_array_double(void *value, const double *array, int n)',
);
export const getDoubles = bind<[Buffer, number[]], Pointer>(
  'void *vips_value_get_array_double(void *value, _Out_ int *n)',
);
export const setImages = bind<[Buffer, number], void>('void vips_value_set_array_image(void *value, int n)');
export const getImages = bind<[Buffer, null], Pointer>(
  'void *vips_value_get_array_image(void *value, void *n)',
);
export const newBlob = bind<[null, Buffer, number], Pointer>(
  'void *vips_blob_new(void *free, const void *data, size_t size)',
);
export const getBlob = bind<[Pointer, number[]], Pointer>(
  'void *vips_blob_get(void *blob, _Out_ size_t *size)',
);

export const imageType = bind<[], GType>('uint64_t vips_image_get_type()');
export const blobType = bind<[], GType>('uint64_t vips_blob_get_type()');
export const arrayDoubleType = bind<[], GType>('uint64_t vips_array_double_get_type()');
export const arrayImageType = bind<[], GType>('uint64_t vips_array_image_get_type()');

export const width = bind<[Pointer], number>('int vips_image_get_width(void *image)');
export const height = bind<[Pointer], number>('int vips_image_get_height(void *image)');
export const bands = bind<[Pointer], number>('int vips_image_get_bands(void *image)');
export const bandFormat = bind<[Pointer], number>('int vips_image_get_format(void *image)');
export const coding = bind<[Pointer], number>('int vips_image_get_coding(void *image)');
export const interpretation = bind<[Pointer], number>('int vips_image_get_interpretation(void *image)');
export const guessInterpretation = bind<[Pointer], number>(
  'int vips_image_guess_interpretation(void *image)',
);
export const hasAlpha = bind<[Pointer], number>('int vips_image_hasalpha(void *image)');
export const pageHeight = bind<[Pointer], number>('int vips_image_get_page_height(void *image)');
export const copyMemory = bind<[Pointer], Pointer | null>('void *vips_image_copy_memory(void *image)');
export const setKill = bind<[Pointer, number], void>('void vips_image_set_kill(void *image, int kill)');
/** Reads the bytes where they are, as long as the image lives. */
export const newFromMemory = bind<[Buffer, number, number, number, number, number], Pointer | null>(
  'void *vips_image_new_from_memory(const void *data, size_t size, int width, int height, int bands, int format)',
);
export const newFromMemoryCopy = bind<[Buffer, number, number, number, number, number], Pointer | null>(
  'void *vips_image_new_from_memory_copy(const void *data, size_t size, int width, int height, int bands, int format)',
);
export const writeToMemory = bind<[Pointer, number[]], Pointer | null>(
  'void *vips_image_write_to_memory(void *image, _Out_ size_t *size)',
);
export const free = bind<[Pointer], void>('void g_free(void *memory)');
export const removeOrientation = bind<[Pointer], void>('void vips_autorot_remove_angle(void *image)');

export const fieldType = bind<[Pointer, string], GType>(
  'uint64_t vips_image_get_typeof(void *image, const char *name)',
);
export const fields = bind<[Pointer], Pointer>('void *vips_image_get_fields(void *image)');
export const freeStrings = bind<[Pointer], void>('void g_strfreev(void *strings)');
export const removeField = bind<[Pointer, string], number>(
  'int vips_image_remove(void *image, const char *name)',
);
export const getIntField = bind<[Pointer, string, number[]], number>(
  'int vips_image_get_int(void *image, const char *name, _Out_ int *n)',
);
export const setIntField = bind<[Pointer, string, number], void>(
  'void vips_image_set_int(void *image, const char *name, int n)',
);
export const getBlobField = bind<[Pointer, string, (Pointer | null)[], number[]], number>(
  'int vips_image_get_blob(void *image, const char *name, _Out_ void **data, _Out_ size_t *size)',
);
export const setBlobField = bind<[Pointer, string, Buffer, number], void>(
  'void vips_image_set_blob_copy(void *image, const char *name, const void *data, size_t size)',
);
export const getIntsField = bind<[Pointer, string, (Pointer | null)[], number[]], number>(
  'int vips_image_get_array_int(void *image, const char *name, _Out_ void **array, _Out_ int *n)',
);
export const setIntsField = bind<[Pointer, string, Int32Array, number], void>(
  'void vips_image_set_array_int(void *image, const char *name, const int *array, int n)',
);

/** A copy of the bytes there. */
export function copyBytes(at: Pointer, size: number): Buffer {
  return Buffer.from(Buffer.from(koffi.view(at, size)));
}

/** Copies the bytes there to the end of a buffer. */
export function copyInto(target: Buffer, offset: number, at: Pointer, size: number): void {
  target.set(new Uint8Array(koffi.view(at, size)), offset);
}

/** Writes pointers into an array of them. */
export function writePointers(at: Pointer, pointers: readonly Pointer[]): void {
  const view = new BigUint64Array(koffi.view(at, pointers.length * 8));
  pointers.forEach((pointer, index) => {
    view[index] = pointer;
  });
}

/** Texts of an array that ends with null. */
export function readStrings(at: Pointer): readonly string[] {
  const texts: string[] = [];
  for (let i = 0; ; i++) {
    const text = koffi.decode(at, i * 8, 'const char *') as string | null;
    if (text === null) return texts;
    texts.push(text);
  }
}

/** Gives memory that is not needed back to the system, where the C library can. */
export const trimMemory: () => void = findTrim();

function findTrim(): () => void {
  if (!hasGlibc()) return () => undefined;
  const trim = koffi.load('libc.so.6').func('int malloc_trim(size_t pad)');
  return () => void trim(0);
}

function hasGlibc(): boolean {
  return process.platform === 'linux' && !isMusl();
}
