/** The request line and its profile headers: what is addressed, in which schema, to do what. */

import { decodeHeader } from '@peakstone/kernel/http';
import { requestErrors } from '../errors.ts';
import { decodePercent } from './query.ts';

export type Resource =
  | { readonly kind: 'relation'; readonly name: string }
  | { readonly kind: 'routine'; readonly name: string }
  | { readonly kind: 'schema' };

export type Mutation = 'insert' | 'upsert' | 'update' | 'delete';

export type Action =
  | { readonly kind: 'read'; readonly name: string; readonly headersOnly: boolean }
  | { readonly kind: 'mutate'; readonly name: string; readonly mutation: Mutation }
  | { readonly kind: 'call'; readonly name: string; readonly method: 'GET' | 'HEAD' | 'POST' }
  | { readonly kind: 'inspect'; readonly headersOnly: boolean }
  /** OPTIONS: answered from the catalog alone. */
  | { readonly kind: 'info'; readonly resource: Resource };

export interface Target {
  readonly action: Action;
  readonly schema: string;
  /** Whether Content-Profile names the schema in the response. */
  readonly negotiatedByProfile: boolean;
}

/** The parts of an HTTP request that decide what it means. */
export interface RequestParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface TargetSettings {
  readonly dbSchemas: readonly string[];
  readonly dbRootSpec: { readonly name: string } | null;
  readonly openapiMode: string;
}

/** @throws {RestError} PGRST125 for a path that is neither `/`, `/relation` nor `/rpc/function`, PGRST126 for a disabled root. */
function parseResource(path: string, settings: TargetSettings): Resource {
  const [first = '', second, ...others] = path.slice(1).split('/').map(decodePercent);
  if (path === '/' || path === '') {
    if (settings.openapiMode === 'disabled') throw requestErrors.openApiDisabled();
    return settings.dbRootSpec ? { kind: 'routine', name: settings.dbRootSpec.name } : { kind: 'schema' };
  }
  if (second === undefined) return { kind: 'relation', name: first };
  // A slash at the end makes another path, which names nothing.
  if (first === 'rpc' && others.length === 0) return { kind: 'routine', name: second };
  throw requestErrors.invalidResourcePath();
}

/** @throws {RestError} PGRST101 or PGRST117 for a method the resource does not have. */
function parseAction(resource: Resource, method: string): Action {
  if (method === 'OPTIONS') return { kind: 'info', resource };
  switch (resource.kind) {
    case 'routine':
      if (method === 'GET' || method === 'HEAD' || method === 'POST') {
        return { kind: 'call', name: resource.name, method };
      }
      throw requestErrors.invalidRpcMethod(method);
    case 'relation': {
      const { name } = resource;
      switch (method) {
        case 'GET':
          return { kind: 'read', name, headersOnly: false };
        case 'HEAD':
          return { kind: 'read', name, headersOnly: true };
        case 'POST':
          return { kind: 'mutate', name, mutation: 'insert' };
        case 'PUT':
          return { kind: 'mutate', name, mutation: 'upsert' };
        case 'PATCH':
          return { kind: 'mutate', name, mutation: 'update' };
        case 'DELETE':
          return { kind: 'mutate', name, mutation: 'delete' };
      }
      break;
    }
    case 'schema':
      if (method === 'GET') return { kind: 'inspect', headersOnly: false };
      if (method === 'HEAD') return { kind: 'inspect', headersOnly: true };
  }
  throw requestErrors.unsupportedMethod(method);
}

const WRITES: ReadonlySet<string> = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);

/**
 * Reads method, path and profile headers. Pure.
 * @throws {RestError} PGRST101, PGRST106, PGRST117, PGRST125, PGRST126
 */
export function parseTarget(
  { method, path, headers }: Omit<RequestParts, 'query'>,
  settings: TargetSettings,
): Target {
  const resource = parseResource(path, settings);
  const header = headers[WRITES.has(method) ? 'content-profile' : 'accept-profile'];
  const profile = header === undefined ? null : decodeHeader(header);
  if (profile !== null && !settings.dbSchemas.includes(profile)) {
    throw requestErrors.unacceptableSchema(profile, settings.dbSchemas);
  }
  return {
    schema: profile ?? settings.dbSchemas[0] ?? '',
    negotiatedByProfile: profile !== null || settings.dbSchemas.length !== 1,
    action: parseAction(resource, method),
  };
}
