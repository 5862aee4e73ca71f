/** Requests to remote schemas. */
import type { Headers } from '../auth/session.ts';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig } from '../config/types.ts';
import type { Metadata } from '../definition/metadata.ts';
import { defaultRemoteTimeoutSeconds, type RemoteSchemaConf } from '../definition/remoteSchemas.ts';
import { HasuraError } from '../errors.ts';
import { hasuraVersion } from '../version.ts';
import { forwardedHeaders } from '../webhook/clientHeaders.ts';
import { resolveHeaders, resolveUrl } from '../webhook/environment.ts';
import { type HeaderList, sendWebhook } from '../webhook/request.ts';
import { jsonOfLarge } from '../webhook/response.ts';
import { introspectionQuery, readIntrospection } from './introspection.ts';
import type { RemoteResult } from './types.ts';

export interface RemoteRequest {
  readonly query: string;
  readonly operationName: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
}

export interface RemoteCaller {
  readonly session: Pick<Session, 'variables'>;
  readonly headers: Headers;
  readonly signal?: AbortSignal | undefined;
}

export interface RemoteAnswer {
  readonly data: unknown;
  readonly errors: readonly unknown[];
  /** For the client. */
  readonly cookies: readonly string[];
}

/** @throws {HasuraError} for an answer that is none */
export async function askRemote(
  { name, definition }: RemoteSchemaConf,
  { query, operationName, variables = null }: RemoteRequest,
  caller: RemoteCaller | null,
  { env, webhooks }: GraphqlConfig,
): Promise<RemoteAnswer> {
  const url = resolveUrl(definition.url ?? { from_env: definition.url_from_env ?? '' }, env);
  const own = resolveHeaders(definition.headers, env);
  const headers: HeaderList = [
    ['Content-Type', 'application/json'],
    ['User-Agent', `hasura-graphql-engine/${hasuraVersion}`],
    ...own,
    ...(caller ? [...caller.session.variables] : []),
    ...(caller && definition.forward_client_headers ? forwardedHeaders(caller.headers, []) : []),
  ];
  const result = await sendWebhook(
    {
      url,
      method: 'POST',
      headers: distinct(headers),
      body: JSON.stringify({ query, ...(operationName !== null && { operationName }), variables }),
    },
    {
      timeoutMs: 1000 * (definition.timeout_seconds ?? defaultRemoteTimeoutSeconds),
      maxBytes: webhooks.maxResponseBytes,
      signal: caller?.signal,
    },
  );
  if (result.kind === 'failure')
    throw new HasuraError(
      'remote-schema-error',
      'HTTP exception occurred while sending the request to the remote schema',
      {
        internal: { type: 'http_exception', message: result.failure.message, remote_schema: name },
      },
    );
  const answer = (await jsonOfLarge(result.text)) as
    | { readonly data?: unknown; readonly errors?: unknown }
    | undefined
    | null;
  if (answer === undefined || answer === null || typeof answer !== 'object')
    throw new HasuraError(
      'remote-schema-error',
      `expecting a JSON object from the remote schema ${JSON.stringify(name)}`,
      {
        internal: { status: result.status },
      },
    );
  return {
    data: answer.data ?? null,
    errors: Array.isArray(answer.errors) ? answer.errors : [],
    cookies: result.headers.flatMap(([header, value]) =>
      header.toLowerCase() === 'set-cookie' ? [value] : [],
    ),
  };
}

/** Of one name the first: what the metadata says wins over what a client sends. */
function distinct(headers: HeaderList): HeaderList {
  const seen = new Set<string>();
  return headers.filter(([name]) => {
    const key = name.toLowerCase();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Of the metadata's remote schemas, or of one alone. */
export async function introspectAll(
  { remote_schemas = [] }: Metadata,
  only: string | undefined,
  config: GraphqlConfig,
): Promise<ReadonlyMap<string, RemoteResult>> {
  const all = remote_schemas as unknown as readonly RemoteSchemaConf[];
  const asked = all.filter(({ name }) => only === undefined || name === only);
  return new Map(
    await Promise.all(asked.map(async each => [each.name, await introspectRemote(each, config)] as const)),
  );
}

/** Never rejects: why there is no schema is part of the metadata's state. */
async function introspectRemote(conf: RemoteSchemaConf, config: GraphqlConfig): Promise<RemoteResult> {
  try {
    const request = { query: introspectionQuery, operationName: 'IntrospectionQuery' };
    const { data } = await askRemote(conf, request, null, config);
    return readIntrospection({ data });
  } catch (error) {
    if (error instanceof HasuraError) return { failure: error.message };
    throw error;
  }
}
