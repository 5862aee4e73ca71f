/** Bodies of requests: JSON, whose numbers keep every digit. */
import type { HttpRequest } from '@peakstone/kernel/http';
import type { GraphqlRequest } from '../engine/types.ts';
import { HasuraError } from '../errors.ts';
import { parseJson } from '../ir/json.ts';

/** @throws {HasuraError} invalid-json */
export async function readJson(request: HttpRequest, maxBytes: number): Promise<unknown> {
  const bytes = await request.body(maxBytes);
  try {
    return parseJson(bytes.toString());
  } catch (error) {
    throw new HasuraError(
      'invalid-json',
      bytes.length === 0
        ? 'Error in $: not enough input'
        : 'Error in $: Failed reading: not a valid json value',
      { cause: error },
    );
  }
}

/** Requests in one body: one, or several that are answered together. */
export type GraphqlBody =
  | { readonly kind: 'single'; readonly request: GraphqlRequest }
  | { readonly kind: 'batch'; readonly requests: readonly GraphqlRequest[] };

/** @throws {HasuraError} parse-failed */
export function readGraphqlBody(value: unknown): GraphqlBody {
  if (Array.isArray(value)) return { kind: 'batch', requests: value.map(readRequest) };
  return { kind: 'single', request: readRequest(value) };
}

/** @throws {HasuraError} parse-failed */
export function readRequest(value: unknown): GraphqlRequest {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new HasuraError(
      'invalid-json',
      "Error in $: When parsing a 'GQLReq', expected Object, but encountered something else",
    );
  const { query, operationName, variables, extensions } = value as Record<string, unknown>;
  if (extensions !== null && typeof extensions === 'object' && 'persistedQuery' in extensions)
    throw new HasuraError('not-supported', 'Automatic Persisted Queries is not enabled');
  if (query === undefined)
    throw new HasuraError(
      'parse-failed',
      'parsing Hasura.GraphQL.Transport.HTTP.Protocol.GQLReq(GQLReq) failed, key "query" not found',
    );
  if (typeof query !== 'string')
    throw new HasuraError(
      'parse-failed',
      'parsing Text failed, expected String, but encountered another type',
      { path: ['query'] },
    );
  if (
    variables !== undefined &&
    variables !== null &&
    (typeof variables !== 'object' || Array.isArray(variables))
  )
    throw new HasuraError(
      'parse-failed',
      'parsing HashMap ~Text failed, expected Object, but encountered another type',
      { path: ['variables'] },
    );
  return {
    query,
    operationName: typeof operationName === 'string' && operationName !== '' ? operationName : null,
    variables: (variables ?? {}) as Record<string, unknown>,
  };
}
