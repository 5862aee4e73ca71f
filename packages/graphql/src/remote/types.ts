/** A remote schema as its introspection tells it. */
import type { TypeRef } from '../ir/typeRef.ts';

export type RemoteType =
  | {
      readonly kind: 'object';
      readonly name: string;
      readonly description: string | null;
      readonly fields: ReadonlyMap<string, RemoteField>;
      readonly interfaces: readonly string[];
    }
  | {
      readonly kind: 'interface';
      readonly name: string;
      readonly description: string | null;
      readonly fields: ReadonlyMap<string, RemoteField>;
      readonly possibleTypes: readonly string[];
    }
  | {
      readonly kind: 'union';
      readonly name: string;
      readonly description: string | null;
      readonly possibleTypes: readonly string[];
    }
  | {
      readonly kind: 'input';
      readonly name: string;
      readonly description: string | null;
      readonly fields: ReadonlyMap<string, RemoteInput>;
    }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly description: string | null;
      readonly values: ReadonlyMap<string, string | null>;
    }
  | { readonly kind: 'scalar'; readonly name: string; readonly description: string | null };

export interface RemoteField {
  readonly type: TypeRef;
  readonly description: string | null;
  readonly args: ReadonlyMap<string, RemoteInput>;
}

export interface RemoteInput {
  readonly type: TypeRef;
  readonly description: string | null;
  /** GraphQL text. */
  readonly default: string | null;
  /** Given by the role's permission, and by nobody else. */
  readonly preset?: Preset;
}

/** GraphQL text, with values of the session in between. */
export type Preset = readonly (string | SessionValue)[];

export interface SessionValue {
  /** The variable's name, in small letters. */
  readonly session: string;
  readonly type: TypeRef;
}

export interface RemoteDocument {
  readonly types: ReadonlyMap<string, RemoteType>;
  readonly query: string;
  readonly mutation: string | null;
  readonly subscription: string | null;
}

/** What a look at a remote schema gave, or why it gave nothing. */
export type RemoteResult = RemoteDocument | { readonly failure: string };
