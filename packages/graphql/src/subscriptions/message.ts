/** What clients send, in either protocol. Pure. */
import type { GraphqlRequest } from '../engine/types.ts';
import { HasuraError } from '../errors.ts';
import { readRequest } from '../http/body.ts';
import { parseJsonSlices } from '../ir/jsonSlices.ts';

export type ClientMessage =
  | { readonly type: 'init'; readonly headers: Readonly<Record<string, string>> }
  | { readonly type: 'start'; readonly id: string; readonly request: GraphqlRequest }
  | { readonly type: 'stop'; readonly id: string }
  | { readonly type: 'ping'; readonly payload: string | null }
  | { readonly type: 'pong' }
  | { readonly type: 'terminate' };

/** What is no message: its text tells the client why. */
export class MessageError extends Error {
  override readonly name = 'MessageError';
}

/** Yields between slices of a large one. @throws {MessageError} */
export function* parseMessage(bytes: Buffer): Generator<void, ClientMessage> {
  let value: unknown;
  try {
    value = yield* parseJsonSlices(bytes);
  } catch (error) {
    throw new MessageError('Error in $: not a valid json value', { cause: error });
  }
  const message = objectOf(value, '$', 'ClientMessage');
  if (typeof message.type !== 'string') throw new MessageError('Error in $: key "type" not found');
  switch (message.type) {
    case 'connection_init':
      return { type: 'init', headers: readHeaders(message.payload) };
    case 'start':
    case 'subscribe':
      return { type: 'start', id: readId(message), request: readPayload(message) };
    case 'stop':
    case 'complete':
      return { type: 'stop', id: readId(message) };
    case 'ping':
      return {
        type: 'ping',
        payload: message.payload === undefined ? null : textOf(message.payload),
      };
    case 'pong':
      return { type: 'pong' };
    case 'connection_terminate':
      return { type: 'terminate' };
    default:
      throw new MessageError(`Error in $: unexpected type for ClientMessage: ${message.type.slice(0, 100)}`);
  }
}

/** `{"headers": {…}}`; their names count without case, and win over those of the handshake. */
function readHeaders(payload: unknown): Readonly<Record<string, string>> {
  if (payload === undefined || payload === null) return {};
  const { headers } = objectOf(payload, '$.payload', 'ConnParams');
  if (headers === undefined || headers === null) return {};
  return Object.fromEntries(
    Object.entries(objectOf(headers, '$.payload.headers', 'HashMap')).map(([name, value]) => {
      if (typeof value !== 'string')
        throw new MessageError(
          `Error in $.payload.headers[${JSON.stringify(name)}]: parsing Text failed, expected String`,
        );
      return [name.toLowerCase(), value];
    }),
  );
}

function readId({ id }: Record<string, unknown>): string {
  if (id === undefined) throw new MessageError('Error in $: key "id" not found');
  if (typeof id !== 'string') throw new MessageError('Error in $.id: parsing Text failed, expected String');
  return id;
}

function readPayload({ payload }: Record<string, unknown>): GraphqlRequest {
  if (payload === undefined) throw new MessageError('Error in $: key "payload" not found');
  try {
    return readRequest(payload);
  } catch (error) {
    if (error instanceof HasuraError)
      throw new MessageError(`Error in $.payload: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A payload is handed back as it came; one that is nested without end is none. */
function textOf(payload: unknown): string {
  try {
    return JSON.stringify(payload);
  } catch (error) {
    throw new MessageError('Error in $.payload: nested too deeply', { cause: error });
  }
}

function objectOf(value: unknown, path: string, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new MessageError(`Error in ${path}: parsing ${what} failed, expected Object`);
  return value as Record<string, unknown>;
}
