/** Calls of SQL functions: as a row source, and as a field computed from a row. */
import type { Value } from './value.ts';

export interface FunctionCall {
  readonly schema: string;
  readonly name: string;
  readonly arguments: readonly CallArgument[];
}

export type CallArgument = {
  /** Named notation; null by position. */
  readonly name: string | null;
  readonly value:
    | Value
    | { readonly kind: 'row' }
    | { readonly kind: 'session'; readonly type: 'json' | 'jsonb' };
};
