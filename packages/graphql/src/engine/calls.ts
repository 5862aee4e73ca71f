/** Root fields that are answered elsewhere than in a database, and what is joined to them. */
import type { Pool } from '@peakstone/kernel/pg';
import { findCall, recordCall } from '../actions/asyncLog.ts';
import { callAction } from '../actions/call.ts';
import { shapeOutput } from '../actions/shape.ts';
import type { Headers } from '../auth/session.ts';
import { adminRole, type Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { numberOf, parseJson, stringifyJson } from '../ir/json.ts';
import { baseName } from '../ir/typeRef.ts';
import { type JoinRunner, runJoins } from '../joins/run.ts';
import { type JoinTree, keysVariable, type TableJoin } from '../joins/types.ts';
import type { PlannedAction, PlannedAsyncResult } from '../plan/actions.ts';
import type { PlannedRemote, TypenamePlaces } from '../plan/remote.ts';
import { askRemote } from '../remote/request.ts';
import type { GraphqlRequest, PlannedCall, StatementGroup } from './types.ts';

export interface CallContext {
  readonly config: GraphqlConfig;
  readonly session: Session;
  readonly request: GraphqlRequest;
  /** The client's. */
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  /** Of the metadata, where asynchronous actions are kept; null without one. */
  readonly metadataPool: Pool | null;
  /** Told that an asynchronous action waits. */
  readonly onAsyncCall: () => void;
  /** Runs statements of one source as the session. */
  runGroup(group: StatementGroup, variables: GraphqlRequest['variables']): Promise<readonly string[]>;
}

export interface CallResult {
  readonly json: string;
  readonly cookies: readonly string[];
}

/** @throws {HasuraError} */
export async function runCall(call: PlannedCall, context: CallContext): Promise<CallResult> {
  switch (call.kind) {
    case 'action':
      return call.call.action.kind === 'asynchronous'
        ? await recordAction(call, context)
        : await runAction(call, context);
    case 'asyncResult':
      return await showResult(call, context);
    case 'remote':
      return await runRemote(call, context);
  }
}

async function runAction(call: PlannedAction, context: CallContext): Promise<CallResult> {
  const { value, cookies } = await callAction(call.call, context, context.config);
  const shaped = shapeOutput(value, call.fields);
  return { json: JSON.stringify(await joined(shaped, call.joins, context)), cookies };
}

async function joined(value: unknown, joins: JoinTree | null, context: CallContext): Promise<unknown> {
  if (joins) await runJoins(value, joins, joinRunner(context));
  return value;
}

async function recordAction({ call }: PlannedAction, context: CallContext): Promise<CallResult> {
  const { conf } = call.action;
  const ignored = new Set((conf.definition.ignored_client_headers ?? []).map(name => name.toLowerCase()));
  const headers = Object.entries(context.headers).flatMap(([name, value]) =>
    value === undefined || ignored.has(name) || isSecret(name) ? [] : [[name, value] as const],
  );
  const id = await recordCall(poolOf(context), {
    action: call.action.name,
    input: call.input,
    headers: conf.definition.forward_client_headers ? Object.fromEntries(headers) : {},
    session: Object.fromEntries(context.session.variables),
  });
  context.onAsyncCall();
  return { json: JSON.stringify(id), cookies: [] };
}

/** What a table must not keep. */
function isSecret(name: string): boolean {
  return name === 'x-hasura-admin-secret' || name === 'x-hasura-access-key';
}

function poolOf({ metadataPool }: CallContext): Pool {
  if (metadataPool) return metadataPool;
  throw new HasuraError('not-supported', 'asynchronous actions need a database for the metadata');
}

/** Of a call, to who has made it: the session variables are his. */
async function showResult(call: PlannedAsyncResult, context: CallContext): Promise<CallResult> {
  const record = await findCall(poolOf(context), call.action.name, call.id);
  const { session } = context;
  const isOwn = (): boolean =>
    Object.entries(record!.session).every(([name, value]) => session.variables.get(name) === value);
  if (!record || (session.role !== adminRole && !isOwn())) return { json: 'null', cookies: [] };
  const members = {
    id: record.id,
    created_at: record.createdAt,
    errors: shownErrors(record.errors, session, context.config),
    __typename: call.typeName,
  };
  const shown = (call.fields ?? []).map(({ alias, member, fields }) => [
    alias,
    member === 'output' ? shapeOutput(record.response, fields) : members[member],
  ]);
  const value = call.fields === null ? record.response : Object.fromEntries(shown);
  return { json: JSON.stringify(await joined(value, call.joins, context)), cookies: [] };
}

function shownErrors(errors: unknown, session: Session, config: GraphqlConfig): unknown {
  if (errors === null || typeof errors !== 'object') return errors;
  const shows = config.devMode || (config.adminInternalErrors && session.role === adminRole);
  const { internal, ...rest } = errors as Record<string, unknown>;
  return shows && internal !== undefined ? { ...rest, internal } : rest;
}

/** What the remote schema says is wrong is handed on as it is. */
async function runRemote(call: PlannedRemote, context: CallContext): Promise<CallResult> {
  const { config } = context;
  const { data, errors, cookies } = await askRemote(
    call.schema.conf,
    { ...call, variables: sessionVariables(call, context.session) },
    context,
    config,
  );
  if (errors.length > 0) {
    const keepsData = config.env.HASURA_GRAPHQL_REMOTE_SCHEMA_PRIORITIZE_DATA === 'true';
    if (!keepsData || data === null)
      throw new HasuraError('remote-schema-error', messageOf(errors[0]), { answer: errors });
  }
  const value = (data as Readonly<Record<string, unknown>> | null)?.[call.alias] ?? null;
  const shown = call.typenames ? renamed(value, call.typenames, call.schema.names.type) : value;
  return { json: stringifyJson(shown), cookies };
}

/** @throws {HasuraError} for what the session has not, or has otherwise */
function sessionVariables(
  { sessionValues }: PlannedRemote,
  { variables }: Session,
): Record<string, unknown> | null {
  if (sessionValues.size === 0) return null;
  return Object.fromEntries(
    [...sessionValues].map(([name, { session, type }]) => {
      const text = variables.get(session);
      if (text === undefined) throw new HasuraError('not-found', `missing session variable: "${session}"`);
      return [name, readSessionValue(text, baseName(type))];
    }),
  );
}

const readers: Readonly<Record<string, readonly [fits: RegExp, read: (text: string) => unknown]>> = {
  Int: [/^-?\d+$/, numberOf],
  Float: [/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/, numberOf],
  Boolean: [/^(?:true|false)$/, text => text === 'true'],
};

function readSessionValue(text: string, type: string): unknown {
  const [fits, read] = (Object.hasOwn(readers, type) && readers[type]) || [];
  if (!fits || !read) return text;
  if (fits.test(text)) return read(text);
  throw new HasuraError('coercion-error', `${JSON.stringify(text)} cannot be coerced into an ${type} value`);
}

function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : 'the remote schema failed';
}

/** Names of types as clients know them. */
function renamed(value: unknown, places: TypenamePlaces, name: (type: string) => string): unknown {
  if (Array.isArray(value)) return value.map(each => renamed(each, places, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([alias, member]) => {
      if (places.aliases.has(alias) && typeof member === 'string') return [alias, name(member)];
      const below = places.below.get(alias);
      return [alias, below ? renamed(member, below, name) : member];
    }),
  );
}

function joinRunner(context: CallContext): JoinRunner {
  return { table: (join, keys) => joinRows(join, keys, context) };
}

/** Joined to each of the keys, by one statement. */
async function joinRows(
  { source, statement }: TableJoin,
  keys: readonly Readonly<Record<string, unknown>>[],
  { request, runGroup }: CallContext,
): Promise<readonly unknown[]> {
  const list = JSON.stringify(keys.map((each, at) => ({ at, ...each })));
  const group: StatementGroup = { source, statements: [{ ...statement, path: [] }], writes: false };
  const [text] = await runGroup(group, { ...request.variables, [keysVariable]: list });
  const rows = parseJson(text ?? '[]') as readonly { readonly at: number; readonly value: unknown }[];
  const values: unknown[] = [];
  for (const { at, value } of rows) values[at] = value;
  return keys.map((_, i) => values[i] ?? null);
}
