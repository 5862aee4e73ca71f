/** Comparisons that a filter may make, as PostgreSQL writes them. */
export const COMPARISONS = [
  '=',
  '<>',
  '<',
  '<=',
  '>',
  '>=',
  'like',
  'ilike',
  'is null',
  'is not null',
  'in',
] as const;
export type Comparison = (typeof COMPARISONS)[number];
