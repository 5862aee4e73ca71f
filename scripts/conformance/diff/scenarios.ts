import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** One way from a schema to another. */
export interface Scenario {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Rows of the first. */
  readonly rows: string;
  readonly renames: readonly string[];
}

/** A module that exports `pairs`: by name before, after and rows; its renames are those of `renames`, by name. */
export async function readPairs(file: string): Promise<Scenario[]> {
  const { pairs, renames = {} } = (await import(pathToFileURL(path.resolve(file)).href)) as {
    pairs: Record<string, [before: string, after: string, rows?: string]>;
    renames?: Record<string, string[]>;
  };
  return Object.entries(pairs).map(([name, [before, after, rows = '']]) => ({
    ...{ name, before, after, rows },
    renames: renames[name] ?? [],
  }));
}

/** pg-delta's corpus: a folder for each pair of states with `a.sql`, `b.sql` and rows of either; both ways are gone. */
export function readCorpus(folder: string): Scenario[] {
  const root = existsSync(path.join(folder, 'packages/pg-delta/corpus'))
    ? path.join(folder, 'packages/pg-delta/corpus')
    : folder;
  const names = readdirSync(root, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? [entry.name] : [],
  );
  return names.sort().flatMap(name => {
    const read = (file: string) => {
      const found = path.join(root, name, file);
      return existsSync(found) ? readFileSync(found, 'utf8') : '';
    };
    const [a, b] = [read('a.sql'), read('b.sql')];
    return [
      { name: `${name} a to b`, before: a, after: b, rows: read('seed.sql'), renames: [] },
      { name: `${name} b to a`, before: b, after: a, rows: read('seed-b.sql'), renames: [] },
    ];
  });
}
