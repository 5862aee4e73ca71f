/**
 * `HASURA_GRAPHQL_JWT_SECRET`: key and how claims are found in a token.
 * @see https://hasura.io/docs/2.0/auth/authentication/jwt/
 */
import { ConfigError } from '@peakstone/kernel/config';

export interface JwtConfig {
  readonly type: string | null;
  /** Text for HMAC, PEM for the others; null where a URL gives the keys. */
  readonly key: string | null;
  readonly jwkUrl: string | null;
  readonly audience: readonly string[] | null;
  readonly issuer: string | null;
  readonly allowedSkewSeconds: number;
  readonly header: JwtHeader;
  readonly claims: ClaimsSource;
}

export type JwtHeader =
  | { readonly kind: 'authorization' }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'custom'; readonly name: string };

export type ClaimsSource =
  /** A member of the token, or, with a path, the part of it that the path leads to. */
  | {
      readonly kind: 'namespace';
      readonly path: readonly (string | number)[];
      readonly shown: string;
      /** Given as a path, rather than as a name. */
      readonly isPath: boolean;
      readonly format: 'json' | 'stringified_json';
    }
  | { readonly kind: 'map'; readonly claims: Readonly<Record<string, ClaimMapping>> };

export type ClaimMapping =
  | { readonly kind: 'path'; readonly path: readonly (string | number)[]; readonly fallback: unknown }
  | { readonly kind: 'literal'; readonly value: unknown };

const variable = 'HASURA_GRAPHQL_JWT_SECRET';

/** One secret, or a list of them (`HASURA_GRAPHQL_JWT_SECRETS`). @throws {ConfigError} that names the member, and never repeats a key. */
export function parseJwtSecrets(text: string): readonly JwtConfig[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(variable, 'JSON such as {"type":"HS256","key":"…"}');
  }
  return (Array.isArray(value) ? value : [value]).map(parseOne);
}

function parseOne(value: unknown): JwtConfig {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new ConfigError(variable, 'a JSON object');
  const object = value as Record<string, unknown>;
  const type = optionalText(object, 'type');
  const key = optionalText(object, 'key');
  const jwkUrl = optionalText(object, 'jwk_url');
  if (key === null && jwkUrl === null)
    throw new ConfigError(variable, 'with "key" and "type", or with "jwk_url"');
  if (key !== null && jwkUrl !== null)
    throw new ConfigError(variable, 'with either "key" or "jwk_url", not both');
  if (key !== null && type === null) throw new ConfigError(variable, 'with "type", such as HS256');
  return {
    type,
    key,
    jwkUrl,
    audience: audienceOf(object.audience),
    issuer: optionalText(object, 'issuer'),
    allowedSkewSeconds: typeof object.allowed_skew === 'number' ? object.allowed_skew : 0,
    header: headerOf(object.header),
    claims: claimsOf(object),
  };
}

function optionalText(object: Record<string, unknown>, name: string): string | null {
  const value = object[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new ConfigError(variable, `with text as "${name}"`);
  return value;
}

function audienceOf(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every(each => typeof each === 'string')) return value;
  throw new ConfigError(variable, 'with text or a list of texts as "audience"');
}

function headerOf(value: unknown): JwtHeader {
  if (value === undefined || value === null) return { kind: 'authorization' };
  const { type, name } = value as { readonly type?: unknown; readonly name?: unknown };
  if (type === 'Authorization') return { kind: 'authorization' };
  if ((type === 'Cookie' || type === 'CustomHeader') && typeof name === 'string')
    return {
      kind: type === 'Cookie' ? 'cookie' : 'custom',
      name: type === 'Cookie' ? name : name.toLowerCase(),
    };
  throw new ConfigError(variable, 'with "header" such as {"type":"Cookie","name":"token"}');
}

const defaultClaimsNamespace = 'https://hasura.io/jwt/claims';

function claimsOf(object: Record<string, unknown>): ClaimsSource {
  const map = object.claims_map;
  if (map !== undefined && map !== null)
    return { kind: 'map', claims: parseClaimsMap(map as Record<string, unknown>) };
  const format = optionalText(object, 'claims_format') ?? 'json';
  if (format !== 'json' && format !== 'stringified_json')
    throw new ConfigError(variable, 'with "claims_format" of json or stringified_json');
  const path = optionalText(object, 'claims_namespace_path');
  const name = optionalText(object, 'claims_namespace');
  if (path !== null && name !== null)
    throw new ConfigError(variable, 'with either "claims_namespace" or "claims_namespace_path", not both');
  return path === null
    ? {
        kind: 'namespace',
        path: [name ?? defaultClaimsNamespace],
        shown: name ?? defaultClaimsNamespace,
        isPath: false,
        format,
      }
    : { kind: 'namespace', path: parseJsonPath(path), shown: path, isPath: true, format };
}

function parseClaimsMap(map: Record<string, unknown>): Record<string, ClaimMapping> {
  const claims: Record<string, ClaimMapping> = {};
  for (const [name, mapping] of Object.entries(map)) {
    const isPath = mapping !== null && typeof mapping === 'object' && 'path' in mapping;
    claims[name.toLowerCase()] = isPath
      ? {
          kind: 'path',
          path: parseJsonPath(String((mapping as { readonly path: unknown }).path)),
          fallback: (mapping as { readonly default?: unknown }).default,
        }
      : { kind: 'literal', value: mapping };
  }
  for (const required of ['x-hasura-allowed-roles', 'x-hasura-default-role'])
    if (!(required in claims)) throw new ConfigError(variable, `with "${required}" in "claims_map"`);
  return claims;
}

/**
 * A path into JSON as the reference writes it. Pure.
 * @example parseJsonPath('$.user["a b"][0]') // ['user', 'a b', 0]
 * @throws {ConfigError}
 */
export function parseJsonPath(text: string): readonly (string | number)[] {
  const parts: (string | number)[] = [];
  const pattern = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\.?\[(\d+)\]|\.?\["((?:[^"\\]|\\.)*)"\]|\.?\['([^']*)'\]/y;
  pattern.lastIndex = text.startsWith('$') ? 1 : 0;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) throw new ConfigError(variable, `with a JSON path such as $.claims["a b"][0], not ${text}`);
    const [, name, index, double, single] = match;
    if (index !== undefined) parts.push(Number(index));
    else parts.push(name ?? (double === undefined ? single! : (JSON.parse(`"${double}"`) as string)));
  }
  return parts;
}
