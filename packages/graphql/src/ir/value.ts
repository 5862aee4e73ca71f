/** Values in statements, and where each comes from when a remembered plan runs again. */
import type { Scalar } from '../catalog/scalars.ts';

/** JSON as it came; a number that JavaScript would round is `JSON.rawJSON`. */
export type JsonValue = unknown;

/** What a parameter of a statement is filled with for each request. */
export type ParamSource =
  /** As the operation's text has it. */
  | { readonly kind: 'constant'; readonly text: string | null }
  /** A part of the variables, read anew as `reader` reads it. */
  | { readonly kind: 'variable'; readonly path: readonly (string | number)[]; readonly read: Reader }
  /** A part of the variables as JSON, whatever it is. */
  | { readonly kind: 'json'; readonly path: readonly (string | number)[] }
  /** A list of the variables as an array, each of its items read anew. */
  | { readonly kind: 'list'; readonly path: readonly (string | number)[]; readonly read: Reader }
  /** A session variable, by its lower-case name. Missing: the request is refused. */
  | { readonly kind: 'session'; readonly name: string }
  /** All session variables as JSON. */
  | { readonly kind: 'sessionJson' }
  /** Where a stream stands: at first where the client says, then at the last row sent. */
  | { readonly kind: 'cursor'; readonly initial: ParamSource }
  /** The elements of an array, where only some of them are variables. */
  | { readonly kind: 'array'; readonly items: readonly ParamSource[] };

/** Text of a value for PostgreSQL; throws what the reference says of one that does not fit. */
export type Reader = (value: JsonValue) => string | null;

export type Value =
  | { readonly kind: 'param'; readonly source: ParamSource; readonly scalar: Scalar }
  /** Of the metadata, so that it may stand in the statement's text. */
  | { readonly kind: 'literal'; readonly text: string | null; readonly scalar: Scalar }
  /** Another column: of the row at hand, or of the root's row. */
  | {
      readonly kind: 'column';
      readonly scope: 'current' | 'root';
      readonly column: string;
      readonly scalar: Scalar;
    }
  | { readonly kind: 'list'; readonly items: readonly Value[]; readonly scalar: Scalar }
  /** A column of the first row that a statement before this one has written. */
  | { readonly kind: 'carried'; readonly carrier: string; readonly column: string; readonly scalar: Scalar }
  /** The least of them: a client's limit and a permission's. */
  | { readonly kind: 'least'; readonly values: readonly Value[] };
