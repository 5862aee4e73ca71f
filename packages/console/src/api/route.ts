/** What a call of the console's API is: one row of an area's table. */
import type { GenericSchema, InferInput, InferOutput } from 'valibot';
import type { Audit } from '../audit/audit.ts';
import type { Databases } from '../database/databases.ts';
import type { Capability, Operator } from '../operators/roles.ts';
import type { OperatorStore } from '../operators/store.ts';
import type { Sessions } from '../session/sessions.ts';

/** What calls work on, the same for all. */
export interface Resources {
  readonly databases: Databases;
  readonly operators: OperatorStore;
  readonly audit: Audit;
  readonly sessions: Sessions;
}

export interface Call extends Resources {
  readonly operator: Operator;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Tells the audit what is done: the statement, with how many rows. */
  note(done: { readonly statement?: string; readonly rows?: number }): void;
}

/** A route answers once; a stream, line after line of JSON for as long as the client listens. */
export interface Route<Schema extends GenericSchema = GenericSchema, Output = unknown> {
  readonly kind: 'route' | 'stream';
  readonly capability: Capability;
  readonly input: Schema;
  /** Of the body. Default 1 MiB. */
  readonly maxBytes?: number;
  /** It is kept who called it: default where it takes more than the right to look. */
  readonly audited?: boolean;
  run(call: Call, input: InferOutput<Schema>): Output;
}

type Declared = Pick<Route, 'maxBytes' | 'audited'>;

/** @example route('view', v.object({ schema: v.string() }), async (call, { schema }) => …) */
export function route<Schema extends GenericSchema, Output>(
  capability: Capability,
  input: Schema,
  run: (call: Call, input: InferOutput<Schema>) => Promise<Output>,
  more: Declared = {},
): Route<Schema, Promise<Output>> {
  return { kind: 'route', capability, input, run, ...more };
}

export function stream<Schema extends GenericSchema, Line>(
  capability: Capability,
  input: Schema,
  run: (call: Call, input: InferOutput<Schema>) => AsyncIterable<Line>,
  more: Declared = {},
): Route<Schema, AsyncIterable<Line>> {
  return { kind: 'stream', capability, input, run, ...more };
}

/** An area's calls by their names below `/console/api/`: `data/rows`. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds routes of every input.
export type Routes = Readonly<Record<string, Route<any, any>>>;

/** What the web app sends and gets, from the table itself. */
export type Sent<Each> = Each extends Route<infer Schema, infer _> ? Readable<InferInput<Schema>> : never;
export type Answered<Each> =
  Each extends Route<infer _, infer Output>
    ? Output extends AsyncIterable<infer Line>
      ? Line
      : Awaited<Output>
    : never;

/** The same, which whoever takes it does not change. */
type Readable<Value> = Value extends (infer Each)[]
  ? readonly Readable<Each>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Readable<Value[Key]> }
    : Value;
