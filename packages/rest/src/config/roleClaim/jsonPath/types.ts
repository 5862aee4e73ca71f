/** A parsed JSONPath. @see https://www.rfc-editor.org/rfc/rfc9535 */

export type JsonPath = readonly Segment[];

export interface Segment {
  readonly isDescendant: boolean;
  readonly selectors: readonly Selector[];
}

export type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice';
      readonly start: number | null;
      readonly end: number | null;
      readonly step: number;
    }
  | { readonly kind: 'filter'; readonly test: Test };

export type Test =
  | { readonly kind: 'or' | 'and'; readonly tests: readonly Test[] }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'matches'; readonly subject: Operand; readonly pattern: RegExp }
  | {
      readonly kind: 'compare';
      readonly left: Operand;
      readonly operator: Comparison;
      readonly right: Operand;
    };

export type Comparison = '==' | '!=' | '<=' | '>=' | '<' | '>';

export interface Query {
  readonly isRelative: boolean;
  readonly path: JsonPath;
}

export type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'length'; readonly of: Operand }
  | { readonly kind: 'count' | 'value'; readonly query: Query };

/** Where a path stops being one; `column` counts from 1. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
  readonly column: number;
  constructor(column: number, expected: string) {
    super(`expecting ${expected}`);
    this.column = column;
  }
}
