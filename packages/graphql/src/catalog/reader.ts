/** Where catalogs are read: a pool, or the one connection that is changing them. */
import { type Client, type Pool, quoteLiteral, type Result, type Statement } from '@peakstone/kernel/pg';

export type CatalogReader = Pick<Pool, 'exchange' | 'query'>;

/**
 * Sees what the client's open transaction has done so far, and leaves nothing behind in it: not the search path, and no
 * failure either. Without an open one it reads in one of its own.
 */
export function readerOf(client: Client): CatalogReader {
  let last: Promise<unknown> = Promise.resolve();
  const run = async (statements: readonly Statement[]): Promise<readonly Result[]> => {
    const [begin, end] =
      client.transaction === 'none'
        ? [['begin read only'], ['rollback']]
        : [
            ['savepoint peakstone_reads'],
            ['rollback to savepoint peakstone_reads', 'release savepoint peakstone_reads'],
          ];
    const results = await client.script([...begin, ...statements.map(inline), ...end].join(';\n'));
    return results.slice(begin.length, begin.length + statements.length);
  };
  /** A connection runs one script at a time. */
  const inTurn = (statements: readonly Statement[]): Promise<readonly Result[]> => {
    const mine = last.then(() => run(statements));
    last = mine.catch(() => {});
    return mine;
  };
  return {
    exchange: ({ statements }) => inTurn(statements),
    query: async (text, values = []) => (await inTurn([{ text, values }]))[0]!,
  };
}

/** Values as literals: scripts have no parameters. */
function inline({ text, values }: Statement): string {
  if (values.length === 0) return text;
  return text.replace(/\$(\d+)/g, (_, position: string) => {
    const value = values[Number(position) - 1];
    return typeof value === 'string' ? quoteLiteral(value) : 'null';
  });
}
