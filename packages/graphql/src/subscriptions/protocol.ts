/**
 * The two protocols of GraphQL over WebSockets as the reference speaks them: what each calls its messages, and how it tells
 * what went wrong. Pure.
 * @see https://github.com/graphql/graphql-over-http/blob/main/rfcs/GraphQLOverWebSocket.md
 * @see https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md
 */

import { graphqlError, type RenderOptions } from '../errors/render.ts';
import { type HasuraError, metadataError } from '../errors.ts';

export interface Protocol {
  /** As `Sec-WebSocket-Protocol` names it. */
  readonly name: 'graphql-transport-ws' | 'graphql-ws';
  /** The type of messages that bring results. */
  readonly result: 'next' | 'data';
  /** What is sent again and again, so that nothing between takes the connection for dead. */
  readonly keepAlive: string;
  /** Payload of an `error` for an operation that was refused. */
  refused(errors: readonly HasuraError[], options: RenderOptions): string;
  /** Whether an operation that failed while it ran is answered by a result that holds its errors. */
  readonly failsAsResult: boolean;
  /** Whether a breach of the protocol closes the connection. */
  readonly isStrict: boolean;
}

const transport: Protocol = {
  name: 'graphql-transport-ws',
  result: 'next',
  keepAlive: '{"type":"ping","payload":{"message":"keepalive"}}',
  refused: (errors, options) => JSON.stringify(errors.map(error => graphqlError(error, options))),
  failsAsResult: false,
  isStrict: true,
};

const legacy: Protocol = {
  name: 'graphql-ws',
  result: 'data',
  keepAlive: '{"type":"ka"}',
  refused: (errors, options) => JSON.stringify({ errors: errors.map(error => graphqlError(error, options)) }),
  failsAsResult: true,
  isStrict: false,
};

/** Who names no protocol, or one that is not known, speaks the legacy one. */
export function protocolOf(header: string | undefined): Protocol {
  const names = (header ?? '').split(',').map(name => name.trim());
  return names.includes(transport.name) ? transport : legacy;
}

/** What the first version of the API puts into an `error`. */
export function refusedInV1Alpha1(error: HasuraError, options: RenderOptions): string {
  return metadataError(error, options);
}

/** Why the server closes: the code, and the text before which the reference puts it. */
export const closing = {
  badRequest: (text: string) => reason(4400, text),
  unauthorized: () => reason(4401, 'Unauthorized'),
  forbidden: () => reason(4403, 'Forbidden'),
  initTimeout: () => reason(4408, 'Connection initialisation timeout'),
  notUnique: (id: string) => reason(4409, `Subscriber for ${id} already exists`),
  tooManyInits: () => reason(4429, 'Too many initialisation requests'),
  /** Clients connect anew. */
  metadataChanged: () => ({ code: 1012, reason: 'Server state changed, restarting the server' }),
  stopping: () => ({ code: 1012, reason: 'shutting server down' }),
  /** Results wait that the client does not read. */
  tooSlow: () => ({ code: 1013, reason: 'Results are not read fast enough' }),
} as const satisfies Record<string, (text: string) => Closing>;

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** What a frame that closes has room for. */
const maxReasonBytes = 123;

function reason(code: number, text: string): Closing {
  const full = `${code}: ${text}`;
  let short = full;
  let json = JSON.stringify({ server_error_msg: short });
  while (Buffer.byteLength(json) > maxReasonBytes) {
    short = short.slice(0, -1);
    json = JSON.stringify({ server_error_msg: `${short}…` });
  }
  return { code, reason: json };
}
