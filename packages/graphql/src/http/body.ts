/** Bodies of requests: JSON, whose numbers keep every digit. */
import { HttpError, type HttpRequest } from '@peakstone/kernel/http';
import { runPaced, runWhole } from '@peakstone/kernel/pace';
import type { Session } from '../auth/types.ts';
import type { GraphqlConfig, LimitsConfig } from '../config/types.ts';
import type { GraphqlRequest } from '../engine/types.ts';
import { HasuraError } from '../errors.ts';
import { parseJson } from '../ir/json.ts';
import { parseJsonSlices } from '../ir/jsonSlices.ts';
import { type JsonSize, measureJson } from './measureJson.ts';

/** Smaller ones are looked at at once. */
const smallBytes = 65_536;
/** Memory that a value takes once it is read, by estimate. */
const bytesOfValue = 200;
/** Levels that are followed; the deepest condition that anybody has written is far from it. */
const maxDepth = 500;

/**
 * A body as JSON. How much may come depends on who sends it, and what there is of it is counted before anything is made of it.
 * @throws {HasuraError} invalid-json, and for more than may be sent. @throws {HttpError} 503 where bodies hold all their memory
 */
export async function readJson(
  request: HttpRequest,
  session: Session,
  { limits, auth }: GraphqlConfig,
): Promise<unknown> {
  const { maxBytes, maxValues } = boundsOf(session, limits, auth.unauthorizedRole);
  const bytes = await request.body(maxBytes).catch((error: unknown) => {
    throw error instanceof HttpError && error.status === 413
      ? tooLarge(`the body has more than ${maxBytes} bytes`, 413, error)
      : error;
  });
  const measure = measureJson(bytes);
  const isSmall = bytes.length <= smallBytes;
  const size = isSmall ? runWhole(measure) : await runPaced(measure);
  assertSize(size, maxValues);
  request.hold(size.values * bytesOfValue);
  try {
    return isSmall ? parseJson(bytes.toString()) : await runPaced(parseJsonSlices(bytes));
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

/** @throws {HasuraError} for what nests too deeply or holds too much */
export function assertSize({ values, depth }: JsonSize, maxValues: number): void {
  if (depth > maxDepth)
    throw new HasuraError('invalid-json', `Error in $: nested more than ${maxDepth} levels deep`);
  if (values > maxValues) throw tooLarge(`the body holds more than ${maxValues} values`, 413);
}

interface Bounds {
  readonly maxBytes: number;
  readonly maxValues: number;
}

/** The administrator is trusted; strangers have little to say. */
export function boundsOf(
  { isAdmin, role }: Session,
  limits: LimitsConfig,
  unauthorizedRole: string | null,
): Bounds {
  const { maxBodyBytes, maxUserBodyBytes, maxVisitorBodyBytes, maxValues, maxVisitorValues } = limits;
  if (isAdmin) return { maxBytes: maxBodyBytes, maxValues: Number.POSITIVE_INFINITY };
  const [most, values] =
    role === unauthorizedRole ? [maxVisitorBodyBytes, maxVisitorValues] : [maxUserBodyBytes, maxValues];
  return { maxBytes: Math.min(most, maxBodyBytes), maxValues: values };
}

function tooLarge(message: string, status: number, cause?: unknown): HasuraError {
  return new HasuraError('validation-failed', message, { status, ...(cause !== undefined && { cause }) });
}

/** Requests in one body: one, or several that are answered together. */
export type GraphqlBody =
  | { readonly kind: 'single'; readonly request: GraphqlRequest }
  | { readonly kind: 'batch'; readonly requests: readonly GraphqlRequest[] };

/** @throws {HasuraError} parse-failed, and for more than `maxBatch` at a time */
export function readGraphqlBody(value: unknown, maxBatch: number): GraphqlBody {
  if (Array.isArray(value) && value.length > maxBatch)
    throw new HasuraError('validation-failed', `the batch has more than ${maxBatch} operations`);
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
