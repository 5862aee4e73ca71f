/** Writes: steps in their order, each a statement, and what is shown of what they have written. */
import type { Scalar } from '../catalog/scalars.ts';
import type { HasuraError, Path } from '../errors.ts';
import type { BoolExp, TableName } from './boolExp.ts';
import type { SelectField } from './select.ts';
import type { Value } from './value.ts';

export interface MutationPlan {
  readonly steps: readonly WriteStep[];
  readonly output: MutationOutput;
  readonly path: Path;
}

export type WriteStep = InsertStep | UpdateStep | DeleteStep;

interface StepBase {
  readonly table: TableName;
  /** Columns that later steps take from the rows written. */
  readonly handsOn: ReadonlySet<string>;
  /** Where the rows are collected that the answer tells of; null when it tells of none of these. */
  readonly shownIn: string | null;
  /** Where the rows written are kept for later steps. */
  readonly carrier: string;
  /** What it fails with when it writes no row. */
  readonly whenNone: HasuraError | null;
  /** Must hold of each row written. */
  readonly check: BoolExp | null;
}

export interface InsertStep extends StepBase {
  readonly kind: 'insert';
  readonly columns: readonly InsertColumn[];
  /** A value a column; null for the column's default. */
  readonly rows: readonly (readonly (Value | null)[])[];
  readonly onConflict: OnConflict | null;
  /** Of rows that were there already, instead of `check`. */
  readonly updateCheck: BoolExp | null;
}

export interface InsertColumn {
  readonly name: string;
  readonly scalar: Scalar;
  /** What rows without a value for it get, as SQL; null for null, `identity` where only PostgreSQL itself may say. */
  readonly default: string | null | 'identity';
}

export interface OnConflict {
  readonly constraint: string;
  /** Empty: rows that are there already stay as they are. */
  readonly updateColumns: readonly string[];
  readonly presets: readonly Assignment[];
  readonly where: BoolExp;
}

export interface UpdateStep extends StepBase {
  readonly kind: 'update';
  readonly assignments: readonly Assignment[];
  readonly where: BoolExp;
}

export interface DeleteStep extends StepBase {
  readonly kind: 'delete';
  readonly where: BoolExp;
}

export interface Assignment {
  readonly column: string;
  readonly operator:
    | 'set'
    | 'default'
    | 'inc'
    | 'mul'
    | 'append'
    | 'prepend'
    | 'delete_key'
    | 'delete_elem'
    | 'delete_at_path';
  readonly value: Value;
}

export type MutationOutput =
  | { readonly kind: 'response'; readonly fields: readonly ResponseField[] }
  | { readonly kind: 'row'; readonly fields: readonly SelectField[] };

export type ResponseField =
  | { readonly kind: 'affectedRows'; readonly alias: string }
  | { readonly kind: 'returning'; readonly alias: string; readonly fields: readonly SelectField[] }
  | { readonly kind: 'typename'; readonly alias: string; readonly text: string };
