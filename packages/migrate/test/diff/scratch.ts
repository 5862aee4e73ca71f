import { connect, testDatabase } from '@peakstone/testing';
import {
  type Diff,
  type DiffEngine,
  type DiffInput,
  diffDatabases,
  loadPgDelta,
  readRename,
  type ScratchDatabase,
} from '../../src/diff/index.ts';

export async function run(url: string, sql: string): Promise<void> {
  const client = connect(url);
  try {
    await client.script(sql);
  } finally {
    await client.close();
  }
}

let copies = 0;

/** A database of the run's server, and copies of it. */
function scratch(url: string, name: string, drop: () => Promise<void>): ScratchDatabase {
  return {
    adminUrl: url,
    url,
    async copy() {
      const copy = `${name}_${++copies}`;
      await run(
        url.replace(`/${name}`, '/postgres'),
        `create database ${copy} template ${name} strategy file_copy`,
      );
      const remove = () => run(url.replace(`/${name}`, '/postgres'), `drop database ${copy} with (force)`);
      return scratch(url.replace(`/${name}`, `/${copy}`), copy, remove);
    },
    drop,
  };
}

let engine: DiffEngine | undefined;

export interface Case {
  readonly before: string;
  readonly after: string;
  /** Of the first. */
  readonly rows?: string;
  readonly renames?: readonly string[];
  /** Rows for the proof come from the second, read by the superuser or by `%ROLE%`. */
  readonly copiesRows?: true | '%ROLE%';
  readonly more?: Partial<DiffInput>;
}

/** Goes from one schema to the other. `%ROLE%` is a role of the case's own. */
export async function diff({
  before,
  after,
  rows = '',
  renames = [],
  copiesRows,
  more = {},
}: Case): Promise<Diff> {
  engine ??= await loadPgDelta();
  const [left, right] = [await testDatabase(), await testDatabase()];
  try {
    const named = (sql: string) => sql.replaceAll('%ROLE%', left.name);
    await run(left.superuserUrl, named(`${before};${rows}`));
    await run(right.superuserUrl, named(after));
    return await diffDatabases({
      engine,
      scope: { ignoredSchemas: [], ignoredTables: [], impliedOwners: ['postgres'] },
      current: scratch(left.superuserUrl, left.name, async () => undefined),
      desiredUrl: right.superuserUrl,
      renames: renames.map(readRename),
      ...(copiesRows && {
        rowsUrl:
          copiesRows === true
            ? right.superuserUrl
            : `${right.superuserUrl}${right.superuserUrl.includes('?') ? '&' : '?'}options=${encodeURIComponent(`-c role=${left.name}`)}`,
      }),
      ...more,
    });
  } finally {
    // Its grants may be to the other's role.
    await right.drop();
    await left.drop();
  }
}

/** All statements of a diff that is proven. */
export function statements({ files, unproven }: Diff): string[] {
  if (unproven.length > 0) throw new Error(unproven.join('\n'));
  return files.flatMap(file => file.statements).filter(sql => !sql.startsWith('SET LOCAL'));
}

/** What a query finds, a text a row, where statements have made all there is. */
export async function rowsAfter(statements: readonly string[], query: string): Promise<readonly string[]> {
  const database = await testDatabase();
  try {
    for (const sql of statements) await run(database.superuserUrl, sql);
    const client = connect(database.superuserUrl);
    try {
      return (await client.query(query)).map(row => String(row[0]));
    } finally {
      await client.close();
    }
  } finally {
    await database.drop();
  }
}
