/** Root fields as one statement: a column of JSON for each. */
import { HasuraError } from '../errors.ts';
import type { ReadRoot } from '../ir/select.ts';
import { aggregateSelect, connectionSelect, listSql, singleSql, streamSql } from './select.ts';
import { SqlWriter, type StatementTemplate, unnestSql } from './writer.ts';

export function readStatement(roots: readonly ReadRoot[], maxAnswerBytes: number): StatementTemplate {
  const writer = new SqlWriter(maxAnswerBytes);
  return writer.finish(`select ${roots.map(root => rootSql(writer, root)).join(', ')}`);
}

/**
 * Root fields for many subscribers at once: a row of columns for each, led by the subscriber's place. Parameters come as one
 * array for each, the places first, so that one statement serves whatever number there is.
 */
export function batchStatement(roots: readonly ReadRoot[], maxAnswerBytes: number): StatementTemplate {
  const writer = new SqlWriter(maxAnswerBytes, position => `s$.p${position}`);
  const [first, ...others] = roots;
  const columns =
    first?.kind === 'stream' && others.length === 0
      ? streamSql(writer, first)
      : `(select ${roots.map((root, i) => `${rootSql(writer, root)} as c${i + 1}`).join(', ')})`;
  const names = writer.params.map((_, i) => `p${i + 1}`);
  const arrays = ['$1::int4[]', ...names.map((_, i) => `$${i + 2}::text[]`)];
  const text = `select s$.place, q$.* from ${unnestSql(arrays)} as s$(${['place', ...names].join(', ')}) cross join lateral ${columns} q$`;
  return writer.finish(text);
}

function rootSql(writer: SqlWriter, root: ReadRoot): string {
  switch (root.kind) {
    case 'list':
      return listSql(writer, root.select, null);
    case 'single':
      return singleSql(writer, root.select, null);
    case 'aggregate':
      return aggregateSelect(writer, root.aggregate, null);
    case 'connection':
      return connectionSelect(writer, root.connection, null);
    case 'stream':
      throw new HasuraError('validation-failed', 'streaming subscriptions must select one top level field');
  }
}
