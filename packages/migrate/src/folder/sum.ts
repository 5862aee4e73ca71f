import { createHash, type Hash } from 'node:crypto';
import { readDirective } from '../split/index.ts';
import type { MigrationFile } from './file.ts';

/** What Atlas calls the file that holds them. */
export const sumFile = 'atlas.sum';

/** What no name of a file may hold, as that file would not be read back. */
export const NOT_IN_SUMS = /[\r\n]|h1:/;

/** Of each file the digest of all names and texts up to and including its own, in base64. */
export type Sums = readonly { readonly name: string; readonly hash: string }[];

/**
 * The sums of a folder. A file that says `atlas:sum ignore` in its first line has none; its name counts, its text does not.
 * Pure.
 * @param files in the order of their names' bytes
 */
export function sumFolder(files: readonly Pick<MigrationFile, 'name' | 'bytes'>[]): Sums {
  const running = createHash('sha256');
  return files.flatMap(({ name, bytes }) => {
    running.update(name);
    if (isIgnored(bytes)) return [];
    running.update(bytes);
    return [{ name, hash: digest(running.copy()) }];
  });
}

/** Whether it says so in its first line. Pure. */
export function isIgnored(bytes: Buffer): boolean {
  const end = bytes.indexOf(0x0a);
  const line = bytes.subarray(0, end < 0 ? undefined : end).toString('latin1');
  const directive = readDirective(line);
  return directive?.name === 'sum' && directive.value === 'ignore';
}

/** As the file holds them: a line for the whole, then one for each. Pure. */
export function renderSums(sums: Sums): string {
  const lines = sums.map(({ name, hash }) => `${name} h1:${hash}\n`);
  return `h1:${totalOf(sums)}\n${lines.join('')}`;
}

/** Null when it isn't such a file; `total` is what its first line says, which may not be theirs. Pure. */
export function parseSums(text: string): { readonly total: string; readonly sums: Sums } | null {
  const [first = '', ...lines] = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const sums = lines.map(line => {
    const at = line.indexOf('h1:');
    return at < 0 ? null : { name: line.slice(0, at).trim(), hash: line.slice(at + 3) };
  });
  if (sums.some(sum => sum === null)) return null;
  return { total: first.replace(/^h1:/, ''), sums: sums as Sums };
}

/** Pure. */
export function totalOf(sums: Sums): string {
  const hash = createHash('sha256');
  for (const sum of sums) hash.update(sum.name).update(sum.hash);
  return digest(hash);
}

function digest(hash: Hash): string {
  return hash.digest('base64');
}
