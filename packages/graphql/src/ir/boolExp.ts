/** Conditions on a row: of permissions and of `where` alike. */
import type { Scalar } from '../catalog/scalars.ts';
import type { FunctionCall } from './call.ts';
import type { OperatorName } from './operators.ts';
import type { Value } from './value.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** Pairs of a column here and one there, and the schema of the operator by which they are equal. */
export type Join = readonly (readonly [here: string, there: string, schema: string | null])[];

/** Pairs of a member here and a column there, which is elsewhere. */
export type Mapping = readonly (readonly [here: string, there: string])[];

export type BoolExp =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and' | 'or'; readonly all: readonly BoolExp[] }
  | { readonly kind: 'not'; readonly exp: BoolExp }
  | {
      readonly kind: 'compare';
      readonly operand: Operand;
      readonly operator: OperatorName;
      readonly value: Value;
      readonly more?: readonly Value[];
    }
  | { readonly kind: 'isNull'; readonly operand: Operand; readonly isNull: boolean }
  /** A row of another table: joined by a relationship, or any at all (`_exists`). */
  | { readonly kind: 'exists'; readonly table: TableName; readonly join: Join; readonly where: BoolExp }
  /** A row of a table that a function of this row returns. */
  | { readonly kind: 'existsInCall'; readonly call: FunctionCall; readonly where: BoolExp }
  | AggregatePredicate;

/** `articles_aggregate: {count: {predicate: …}}`. */
export interface AggregatePredicate {
  readonly kind: 'aggregate';
  readonly table: TableName;
  readonly join: Join;
  /** `count`, `bool_and`, … */
  readonly fn: string;
  readonly columns: readonly { readonly column: string; readonly shownIf?: BoolExp }[];
  readonly isDistinct: boolean;
  readonly filter: BoolExp;
  /** The permission on the other table's rows. */
  readonly where: BoolExp;
  /** On the aggregate, which is the operand `aggregate`. */
  readonly predicate: BoolExp;
}

export type Operand =
  /** Hidden where `shownIf` does not hold: then it is null. */
  | { readonly kind: 'column'; readonly column: string; readonly scalar: Scalar; readonly shownIf?: BoolExp }
  | {
      readonly kind: 'call';
      readonly call: FunctionCall;
      readonly scalar: Scalar;
      readonly shownIf?: BoolExp;
    }
  | { readonly kind: 'cast'; readonly operand: Operand; readonly scalar: Scalar }
  | { readonly kind: 'aggregate'; readonly scalar: Scalar };

export const always: BoolExp = { kind: 'constant', value: true };
export const never: BoolExp = { kind: 'constant', value: false };

/** All of them, without those that always hold. Pure. */
export function allOf(exps: readonly BoolExp[]): BoolExp {
  const all = exps.filter(exp => !(exp.kind === 'constant' && exp.value));
  return all.length === 0 ? always : all.length === 1 ? all[0]! : { kind: 'and', all };
}

/** Any of them; of none, never. Pure. */
export function anyOf(exps: readonly BoolExp[]): BoolExp {
  if (exps.some(exp => exp.kind === 'constant' && exp.value)) return always;
  return exps.length === 0 ? never : exps.length === 1 ? exps[0]! : { kind: 'or', all: exps };
}
