/** Objects on MinIO's drive: a folder with an `xl.meta` is one, and may have others below it. Reads folders. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type DriveVersion, readXlMeta } from './xlMeta.ts';

const metaFile = 'xl.meta';
/** What the name of a key that ends with a slash ends with. */
const folderMark = '__XLDIR__';

export interface DriveKey {
  readonly key: string;
  readonly folder: string;
  /** Newest first. */
  readonly versions: readonly DriveVersion[];
}

/**
 * In the order of keys' UTF-8 bytes.
 * @param onFailure of what cannot be read
 */
export async function* walkKeys(
  folder: string,
  prefix: string,
  onFailure: (key: string, error: Error) => void,
): AsyncGenerator<DriveKey> {
  const items: { readonly order: Buffer; readonly name: string; readonly isObject: boolean }[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const { name } = entry;
    const key = name.endsWith(folderMark) ? `${name.slice(0, -folderMark.length)}/` : name;
    items.push({ order: Buffer.from(key), name, isObject: true });
    if (key === name) items.push({ order: Buffer.from(`${name}/`), name, isObject: false });
  }
  items.sort((a, b) => Buffer.compare(a.order, b.order));
  const dataFolders = new Set<string>();
  for (const { order, name, isObject } of items) {
    if (dataFolders.has(name)) continue;
    const place = path.join(folder, name);
    if (!isObject) {
      yield* walkKeys(place, `${prefix}${name}/`, onFailure);
      continue;
    }
    const bytes = await readIfThere(path.join(place, metaFile));
    if (bytes === undefined) continue;
    const key = `${prefix}${order.toString('utf8')}`;
    try {
      yield { key, folder: place, versions: readXlMeta(bytes) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onFailure(key, error);
    }
  }
}

/** One file that is kept as an object's version, such as those of MinIO's own settings. */
export async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
