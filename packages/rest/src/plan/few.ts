/** Whether an answer has few rows for what is asked, whatever the table holds. Pure. */
import type { Table } from '@peakstone/kernel/catalog';
import type { Condition, ReadNode } from './types.ts';

/** What most pages have. */
const few = 100;

/** Rows by their key, or a page of a few, without related rows of which each may have many. */
export function readsFew(root: ReadNode, table: Table): boolean {
  const { lower, upper } = root.range;
  return (upper - lower < few || isByKey(root.where, table)) && hasNoLists(root);
}

/** Nothing of a level becomes a list of its own. */
export function hasNoLists({ embeds }: ReadNode): boolean {
  return embeds.every(
    embed =>
      (embed.kind === 'json' ? embed.toOne : embed.node.spread?.kind !== 'to-many') && hasNoLists(embed.node),
  );
}

/** The key of a view is that of a table behind it, which the view may show more than once. */
function isByKey(where: readonly Condition[], { primaryKey, kind }: Table): boolean {
  const isTable = kind === 'table' || kind === 'partitioned';
  return (
    isTable && primaryKey.length > 0 && primaryKey.every(name => where.some(each => isValueOf(name, each)))
  );
}

function isValueOf(name: string, condition: Condition): boolean {
  if (condition.kind !== 'filter') return false;
  const { field, expression } = condition;
  const { operation, negated } = expression;
  return (
    field.name === name &&
    field.path.length === 0 &&
    field.transform === null &&
    !negated &&
    operation.kind === 'quantified' &&
    operation.operator === 'eq' &&
    operation.quantifier === null
  );
}
