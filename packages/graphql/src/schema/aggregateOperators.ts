/** Aggregates by what they are of. */
import type { Scalar } from '../catalog/scalars.ts';
import type { ColumnModel } from '../model/types.ts';

export const aggregateOperators: readonly { readonly name: string; readonly on: 'numeric' | 'comparable' }[] =
  [
    { name: 'avg', on: 'numeric' },
    { name: 'max', on: 'comparable' },
    { name: 'min', on: 'comparable' },
    { name: 'stddev', on: 'numeric' },
    { name: 'stddev_pop', on: 'numeric' },
    { name: 'stddev_samp', on: 'numeric' },
    { name: 'sum', on: 'numeric' },
    { name: 'var_pop', on: 'numeric' },
    { name: 'var_samp', on: 'numeric' },
    { name: 'variance', on: 'numeric' },
  ];

const numeric: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'float', 'numeric', 'money']);
const notComparable: ReadonlySet<string> = new Set([
  'boolean',
  'json',
  'jsonb',
  'geometry',
  'geography',
  'composite',
]);

export function isNumericScalar({ kind }: Scalar): boolean {
  return numeric.has(kind);
}

export function isComparableScalar({ kind }: Scalar): boolean {
  return !notComparable.has(kind);
}

export function isNumeric({ scalar, enumTable }: ColumnModel): boolean {
  return enumTable === null && isNumericScalar(scalar);
}

/** Whether there is a least and a greatest. */
export function isComparable({ scalar, enumTable }: ColumnModel): boolean {
  return enumTable === null && isComparableScalar(scalar);
}
