/**
 * Every operator of conditions: how its SQL reads, and what stands on its right. `wide` operators work on a list.
 * @see https://hasura.io/docs/2.0/api-reference/graphql-api/query/#operators
 */

import { functionIn, operatorIn } from '../catalog/operators.ts';

interface OperatorShape {
  /** Left and right are complete SQL expressions; `schema` is where the operator is (`catalog/operators.ts`). */
  readonly sql: (schema: string | null, left: string, right: string, third: string) => string;
  /** The right side is a list of the operand's type, or of text. */
  readonly right: 'same' | 'list' | 'text' | 'textList' | 'lquery' | 'lqueryList' | 'ltxtquery' | 'other';
}

const infix =
  (operator: string): OperatorShape['sql'] =>
  (schema, left, right) =>
    `${left} ${operatorIn(schema, operator)} ${right}`;
const listed =
  (operator: string, quantifier: 'any' | 'all'): OperatorShape['sql'] =>
  (schema, left, right) =>
    `${left} ${operatorIn(schema, operator)} ${quantifier}(${right})`;
/** What the keyword SIMILAR TO stands for. */
const similar =
  (operator: string): OperatorShape['sql'] =>
  (schema, left, right) =>
    `${left} ${operatorIn(schema, operator)} pg_catalog.similar_to_escape(${right})`;
const call =
  (name: string): OperatorShape['sql'] =>
  (schema, left, right) =>
    `${functionIn(schema, name)}(${left}, ${right})`;
const call3 =
  (name: string): OperatorShape['sql'] =>
  (schema, left, right, third) =>
    `${functionIn(schema, name)}(${left}, ${right}, ${third})`;

export const operators = {
  _eq: { sql: infix('='), right: 'same' },
  _neq: { sql: infix('<>'), right: 'same' },
  /** Of permissions, where null differs from every value. */
  _neqNull: {
    sql: (schema, a, b) => `(${a} ${operatorIn(schema, '<>')} ${b} or ${a} is null)`,
    right: 'same',
  },
  _gt: { sql: infix('>'), right: 'same' },
  _lt: { sql: infix('<'), right: 'same' },
  _gte: { sql: infix('>='), right: 'same' },
  _lte: { sql: infix('<='), right: 'same' },
  _in: { sql: listed('=', 'any'), right: 'list' },
  _nin: { sql: listed('<>', 'all'), right: 'list' },
  _like: { sql: infix('~~'), right: 'same' },
  _nlike: { sql: infix('!~~'), right: 'same' },
  _ilike: { sql: infix('~~*'), right: 'same' },
  _nilike: { sql: infix('!~~*'), right: 'same' },
  _similar: { sql: similar('~'), right: 'same' },
  _nsimilar: { sql: similar('!~'), right: 'same' },
  _regex: { sql: infix('~'), right: 'same' },
  _iregex: { sql: infix('~*'), right: 'same' },
  _nregex: { sql: infix('!~'), right: 'same' },
  _niregex: { sql: infix('!~*'), right: 'same' },
  _contains: { sql: infix('@>'), right: 'same' },
  _contained_in: { sql: infix('<@'), right: 'same' },
  _has_key: { sql: infix('?'), right: 'text' },
  _has_keys_any: { sql: infix('?|'), right: 'textList' },
  _has_keys_all: { sql: infix('?&'), right: 'textList' },
  _ancestor: { sql: infix('@>'), right: 'same' },
  _ancestor_any: { sql: infix('@>'), right: 'list' },
  _descendant: { sql: infix('<@'), right: 'same' },
  _descendant_any: { sql: infix('<@'), right: 'list' },
  _matches: { sql: infix('~'), right: 'lquery' },
  _matches_any: { sql: infix('?'), right: 'lqueryList' },
  _matches_fulltext: { sql: infix('@'), right: 'ltxtquery' },
  _st_contains: { sql: call('ST_Contains'), right: 'same' },
  _st_crosses: { sql: call('ST_Crosses'), right: 'same' },
  _st_equals: { sql: call('ST_Equals'), right: 'same' },
  _st_overlaps: { sql: call('ST_Overlaps'), right: 'same' },
  _st_touches: { sql: call('ST_Touches'), right: 'same' },
  _st_within: { sql: call('ST_Within'), right: 'same' },
  _st_intersects: { sql: call('ST_Intersects'), right: 'same' },
  _st_3d_intersects: { sql: call('ST_3DIntersects'), right: 'same' },
  _st_d_within: { sql: call3('ST_DWithin'), right: 'other' },
  _st_3d_d_within: { sql: call3('ST_3DDWithin'), right: 'other' },
  _st_intersects_rast: { sql: call('ST_Intersects'), right: 'same' },
  _st_intersects_nband_geom: { sql: call3('ST_Intersects'), right: 'other' },
  _st_intersects_geom_nband: { sql: call3('ST_Intersects'), right: 'other' },
} as const satisfies Record<string, OperatorShape>;

export type OperatorName = keyof typeof operators;
