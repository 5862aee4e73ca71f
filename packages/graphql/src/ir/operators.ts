/**
 * Every operator of conditions: how its SQL reads, and what stands on its right. `wide` operators work on a list.
 * @see https://hasura.io/docs/2.0/api-reference/graphql-api/query/#operators
 */

interface OperatorShape {
  /** Left and right are complete SQL expressions. */
  readonly sql: (left: string, right: string, third: string) => string;
  /** The right side is a list of the operand's type, or of text. */
  readonly right: 'same' | 'list' | 'text' | 'textList' | 'lquery' | 'lqueryList' | 'ltxtquery' | 'other';
}

const infix =
  (operator: string): OperatorShape['sql'] =>
  (left, right) =>
    `${left} ${operator} ${right}`;
const call =
  (name: string): OperatorShape['sql'] =>
  (left, right) =>
    `${name}(${left}, ${right})`;
const call3 =
  (name: string): OperatorShape['sql'] =>
  (left, right, third) =>
    `${name}(${left}, ${right}, ${third})`;

export const operators = {
  _eq: { sql: infix('='), right: 'same' },
  _neq: { sql: infix('<>'), right: 'same' },
  /** Of permissions, where null differs from every value. */
  _neqNull: { sql: (a, b) => `(${a} <> ${b} or ${a} is null)`, right: 'same' },
  _gt: { sql: infix('>'), right: 'same' },
  _lt: { sql: infix('<'), right: 'same' },
  _gte: { sql: infix('>='), right: 'same' },
  _lte: { sql: infix('<='), right: 'same' },
  _in: { sql: (a, b) => `${a} = any(${b})`, right: 'list' },
  _nin: { sql: (a, b) => `${a} <> all(${b})`, right: 'list' },
  _like: { sql: infix('like'), right: 'same' },
  _nlike: { sql: infix('not like'), right: 'same' },
  _ilike: { sql: infix('ilike'), right: 'same' },
  _nilike: { sql: infix('not ilike'), right: 'same' },
  _similar: { sql: infix('similar to'), right: 'same' },
  _nsimilar: { sql: infix('not similar to'), right: 'same' },
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
