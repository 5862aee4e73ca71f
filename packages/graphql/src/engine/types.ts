/** What transports hand to the engine, and what they get back: HTTP, WebSockets and stored endpoints alike. */
import type { HasuraError } from '../errors.ts';
import type { Budget } from '../introspect/jsonParts.ts';
import type { JoinTree } from '../joins/types.ts';
import type { PlannedAction, PlannedAsyncResult } from '../plan/actions.ts';

import type { PlannedRemote } from '../plan/remote.ts';
import type { StatementTemplate } from '../sql/writer.ts';

export interface GraphqlRequest {
  readonly query: string;
  readonly operationName: string | null;
  /** As `parseJson` reads it: numbers keep every digit. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A GraphQL answer: its bytes, as the database made them. */
export interface Answer {
  readonly body: readonly (Uint8Array | string)[];
  /** What went wrong, when the answer is errors. Transports that have statuses tell by it. */
  readonly error: HasuraError | null;
  readonly headers: readonly string[];
  /** Of what was planned. */
  readonly operation?: OperationKind;
}

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** An operation made ready for a role and a shape of variables; run again for every request alike. */
export interface ExecutablePlan {
  readonly kind: OperationKind;
  /** Root fields in the order of the answer. */
  readonly roots: readonly PlannedRoot[];
  /** By source, in the order in which they run. */
  readonly groups: readonly StatementGroup[];
  /** What is answered elsewhere than in a database. */
  readonly calls: readonly PlannedCall[];
  readonly cached: { readonly ttlSeconds: number; readonly refresh: boolean } | null;
}

export interface PlannedRoot {
  readonly alias: string;
  readonly from:
    | { readonly kind: 'constant'; readonly json: string }
    /** What takes long to write, and no database: made once by whoever plans, and then `written`. */
    | { readonly kind: 'slow'; readonly write: (budget: Budget) => Generator<void, readonly Uint8Array[]> }
    | { readonly kind: 'written'; readonly parts: readonly Uint8Array[] }
    /** Statement -1 is the group's last. */
    | { readonly kind: 'cell'; readonly group: number; readonly statement: number; readonly column: number }
    | { readonly kind: 'list'; readonly items: readonly PlannedRoot['from'][] }
    /** Of `calls`. */
    | { readonly kind: 'call'; readonly call: number }
    /** Further root fields within, under a source's namespace. */
    | { readonly kind: 'namespace'; readonly roots: readonly PlannedRoot[] };
}

export type PlannedCall = PlannedAction | PlannedAsyncResult | PlannedRemote | PlannedJoined;

/** What a database gives, and what is joined to it from elsewhere. */
export interface PlannedJoined {
  readonly kind: 'joined';
  readonly from: PlannedRoot['from'];
  readonly joins: JoinTree;
}

/** Statements of one source: one transaction. */
export interface StatementGroup {
  readonly source: string;
  readonly statements: readonly PlannedStatement[];
  readonly writes: boolean;
  /** Of a subscription: something in it looks at who asks, beside what its parameters tell. */
  readonly readsSession?: boolean;
}

export interface PlannedStatement extends StatementTemplate {
  /** Where in the operation its errors are told to be. */
  readonly path: readonly (string | number)[];
  /** What a check of a permission fails with; by the marker that the statement fails with. */
  readonly checks?: ReadonlyMap<string, HasuraError>;
}
