/** Root fields as one statement: a column of JSON for each. */
import type { ReadRoot } from '../ir/select.ts';
import type { ParamSource } from '../ir/value.ts';
import { aggregateSelect, listSql, singleSql } from './select.ts';
import { type ParamStyle, SqlWriter } from './writer.ts';

/** Text, and what its parameters are filled with. */
export interface StatementTemplate {
  readonly text: string;
  readonly params: readonly ParamSource[];
}

export function readStatement(roots: readonly ReadRoot[], style?: ParamStyle): StatementTemplate {
  const writer = new SqlWriter(style);
  const text = `select ${roots.map(root => rootSql(writer, root)).join(', ')}`;
  return { text, params: writer.params };
}

function rootSql(writer: SqlWriter, root: ReadRoot): string {
  switch (root.kind) {
    case 'list':
      return listSql(writer, root.select, null);
    case 'single':
      return singleSql(writer, root.select, null);
    case 'aggregate':
      return aggregateSelect(writer, root.aggregate, null);
  }
}
