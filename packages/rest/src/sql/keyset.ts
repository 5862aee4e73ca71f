/** The condition that starts a page behind a row, and the values that the next page starts behind. */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import type { KeysetPlan, KeyTerm } from '../plan/keyset.ts';
import { fieldSql } from './condition.ts';
import type { Parameters } from './writer.ts';

/** The order values of a row as a JSON array of texts. */
export function keySql(own: QualifiedName, { terms }: KeysetPlan, params: Parameters): string {
  return `json_build_array(${terms.map(term => `(${termSql(own, term, params)})::text`).join(', ')})::text`;
}

function termSql(own: QualifiedName, { embed, field }: KeyTerm, params: Parameters): string {
  return fieldSql(embed === null ? own : { schema: '', name: embed }, field, params);
}

/** One term with the last row's value. */
interface Bound extends KeyTerm {
  readonly sql: string;
  /** Placeholder of the value, null where it is null. */
  readonly value: string | null;
}

/** What is true of the rows behind the cursor; null for the first page. */
export function afterSql(
  own: QualifiedName,
  { terms, after }: KeysetPlan,
  params: Parameters,
): string | null {
  if (after === null) return null;
  const bounds = terms.map((term, i): Bound => {
    const value = after[i] ?? null;
    return { ...term, sql: termSql(own, term, params), value: value === null ? null : params.add(value) };
  });
  return rowComparison(bounds) ?? bounded(bounds);
}

/** `(a, b) > ($1, $2)`, which an index on both serves, where all terms run one way and none can be null. */
function rowComparison(bounds: readonly Bound[]): string | null {
  const [first] = bounds;
  if (!first || bounds.length === 1) return null;
  const fits = bounds.every(
    each => each.direction === first.direction && !each.nullable && each.value !== null,
  );
  if (!fits) return null;
  const left = bounds.map(each => each.sql).join(', ');
  const right = bounds.map(each => each.value).join(', ');
  return `(${left}) ${first.direction === 'asc' ? '>' : '<'} (${right})`;
}

/** With a bound on the first term alone in front, which an index on it serves. */
function bounded(bounds: readonly Bound[]): string {
  const [first] = bounds;
  const condition = nested(bounds);
  if (!first || bounds.length === 1 || first.nullable || first.value === null) return condition;
  return `${first.sql} ${first.direction === 'asc' ? '>=' : '<='} ${first.value} AND ${condition}`;
}

/** `behind(a) OR (a = $1 AND (behind(b) OR …))`. */
function nested(bounds: readonly Bound[]): string {
  let condition = '';
  for (const bound of bounds.toReversed()) {
    const same = bound.value === null ? `${bound.sql} IS NULL` : `${bound.sql} = ${bound.value}`;
    const behind = behindSql(bound);
    if (condition === '') condition = behind;
    else
      condition =
        behind === 'FALSE' ? `(${same} AND ${condition})` : `(${behind} OR (${same} AND ${condition}))`;
  }
  return condition;
}

function behindSql({ sql, value, direction, nullable, nullsFirst }: Bound): string {
  if (value === null) return nullsFirst ? `${sql} IS NOT NULL` : 'FALSE';
  const beyond = `${sql} ${direction === 'asc' ? '>' : '<'} ${value}`;
  return nullable && !nullsFirst ? `(${beyond} OR ${sql} IS NULL)` : beyond;
}
