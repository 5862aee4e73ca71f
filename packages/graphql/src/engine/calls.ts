/** Root fields that are answered elsewhere than in a database, and what is joined to them. */
import { runPaced } from '@peakstone/kernel/pace';
import type { Pool } from '@peakstone/kernel/pg';
import { findCall, recordCall } from '../actions/asyncLog.ts';
import { callAction } from '../actions/call.ts';
import { shapeOutput } from '../actions/shape.ts';
import { adminRole, type Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';
import { parseJsonSlices, stringifyJsonSlices } from '../ir/jsonSlices.ts';
import { runJoins } from '../joins/run.ts';
import type { JoinTree } from '../joins/types.ts';
import type { PlannedAction, PlannedAsyncResult } from '../plan/actions.ts';
import type { PlannedRemote } from '../plan/remote.ts';
import { askRemote } from '../remote/request.ts';
import type { CallContext } from './callContext.ts';
import { createJoinRunner } from './joinRunner.ts';
import { renamed, sessionVariables } from './remoteAnswer.ts';
import type { PlannedCall, PlannedJoined } from './types.ts';

export interface CallResult {
  readonly json: string;
  readonly cookies: readonly string[];
}

/** @param given what is joined to, as its database gives it. @throws {HasuraError} */
export async function runCall(
  call: PlannedCall,
  context: CallContext,
  given: () => Buffer,
): Promise<CallResult> {
  switch (call.kind) {
    case 'joined':
      return await runJoined(call, given(), context);
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
  if (joins) await runJoins(value, joins, createJoinRunner(context));
  return value;
}

/** What a database has given as JSON, with what is joined to it. */
async function runJoined({ joins }: PlannedJoined, given: Buffer, context: CallContext): Promise<CallResult> {
  const value = await joined(await runPaced(parseJsonSlices(given)), joins, context);
  return { json: await runPaced(stringifyJsonSlices(value)), cookies: [] };
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
    { ...call, variables: sessionVariables(call.sessionValues, context.session) },
    context,
    config,
  );
  if (errors.length > 0) {
    if (!config.prioritizesRemoteData || data === null)
      throw new HasuraError('remote-schema-error', messageOf(errors[0]), { answer: errors });
  }
  const value = (data as Readonly<Record<string, unknown>> | null)?.[call.alias] ?? null;
  const shown = call.typenames ? renamed(value, call.typenames, call.schema.names.type) : value;
  const whole = await joined(shown, call.joins, context);
  return { json: await runPaced(stringifyJsonSlices(whole)), cookies };
}

function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : 'the remote schema failed';
}
