/** YAML files that include one another, as the reference's CLI reads them. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, extname, join, relative, sep } from 'node:path';
import { parse } from 'yaml';
import { FolderError } from './sections.ts';

const include = '!include ';
/** Written without quotes it is a tag; both mean the same. */
const customTags = [{ tag: '!include', resolve: (path: string) => `${include}${path}` }];
const maxDepth = 20;

/**
 * The value of a file below `root`, with what it includes in place.
 * @returns undefined where there is no such file
 * @throws {FolderError} for what is no YAML, leads out of `root` or includes itself
 */
export function readYaml(root: string, file: string): unknown {
  const path = join(root, file);
  if (!existsSync(path)) return undefined;
  return new Reader(root).file(path, 0);
}

class Reader {
  readonly #root: string;

  constructor(root: string) {
    this.#root = realpathSync(root);
  }

  file(path: string, depth: number): unknown {
    const name = relative(this.#root, path);
    let real: string;
    try {
      real = realpathSync(path);
    } catch (error) {
      throw new FolderError(`${name} is included and cannot be read.`, { cause: error });
    }
    if (!real.startsWith(this.#root + sep))
      throw new FolderError(`${name} lies outside of the metadata folder, and is not read.`);
    if (depth > maxDepth) throw new FolderError(`${name} includes itself.`);
    const text = readFileSync(real, 'utf8');
    if (!['.yaml', '.yml'].includes(extname(real))) return text;
    let value: unknown;
    try {
      value = parse(text, { customTags });
    } catch (error) {
      throw new FolderError(`${name} is not YAML: ${(error as Error).message.split('\n')[0]}`, {
        cause: error,
      });
    }
    return this.#included(value, dirname(real), depth);
  }

  #included(value: unknown, folder: string, depth: number): unknown {
    if (typeof value === 'string')
      return value.startsWith(include)
        ? this.file(join(folder, value.slice(include.length).trim()), depth + 1)
        : value;
    if (Array.isArray(value)) return value.map(each => this.#included(each, folder, depth));
    if (value !== null && typeof value === 'object')
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, this.#included(each, folder, depth)]),
      );
    return value;
  }
}
