/**
 * How a process of services is started so that it keeps little memory. Plain JavaScript for Node >= 20, as the command's first
 * file needs it.
 *
 * Measured on the REST service: a young generation of 8 MiB instead of 16 costs no processor time a request, 4 MiB a tenth. What
 * a peak has left is given back when somebody collects it at rest, if it has a mapping of its own. glibc gives one to blocks
 * of 128 KB and more, until the first is freed: then it takes blocks as large from its heap, where they stay. Fixing that size
 * costs nothing, as what is read and written in passing is smaller.
 */

/** Node's own arguments. The collector is asked by `releaseMemoryAtRest`. */
export const memoryFlags = Object.freeze(['--max-semi-space-size=8', '--expose-gc']);

/** Settings of glibc's allocator, read when a process starts; others ignore them. */
const allocator = Object.freeze({
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: '131072',
});

/**
 * The environment for such a process. What it has of its own stays.
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Record<string, string | undefined>}
 */
export function memoryEnv(env) {
  return { ...allocator, ...env };
}

/**
 * Takes them out again once they have been read: a database server started from here allocates otherwise.
 * @param {Record<string, string | undefined>} env
 */
export function forgetMemoryEnv(env) {
  for (const [name, value] of Object.entries(allocator)) if (env[name] === value) delete env[name];
}
