/** Addresses and headers of the metadata, in which variables of the environment stand for values. */
import type { GraphqlConfig } from '../config/types.ts';
import type { HeaderConf, UrlConf } from '../definition/webhook.ts';
import { HasuraError } from '../errors.ts';

type Env = GraphqlConfig['env'];

/** `{{NAME}}` in an address. @throws {HasuraError} for a variable that is not set */
export function fillUrl(template: string, env: Env): string {
  return template.replaceAll(/\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined)
      throw new HasuraError('invalid-configuration', `Value for environment variables not found: ${name}`);
    return value;
  });
}

/** @throws {HasuraError} */
export function resolveUrl(conf: UrlConf, env: Env): string {
  if (typeof conf === 'string') return fillUrl(conf, env);
  const value = env[conf.from_env];
  if (value === undefined)
    throw new HasuraError('not-found', `environment variable '${conf.from_env}' not set`, { status: 400 });
  return value;
}

/** @throws {HasuraError} for a variable that is not set */
export function resolveHeaders(
  headers: readonly HeaderConf[] | undefined | null,
  env: Env,
): readonly (readonly [name: string, value: string])[] {
  return (headers ?? []).map(({ name, value, value_from_env: variable }) => {
    if (variable === undefined || variable === null) return [name, fillUrl(value ?? '', env)] as const;
    const found = env[variable];
    if (found === undefined)
      throw new HasuraError('not-found', `environment variable '${variable}' not set`, { status: 400 });
    return [name, found] as const;
  });
}

/** @throws {HasuraError} for what is no list of headers. Pure. */
export function assertHeaders(headers: unknown, path: readonly (string | number)[]): void {
  if (headers === undefined || headers === null) return;
  if (!Array.isArray(headers))
    throw new HasuraError('parse-failed', 'parsing [] failed, expected Array', { path });
  for (const [i, header] of (headers as readonly (HeaderConf | null)[]).entries()) {
    const { name, value, value_from_env: variable } = header ?? ({} as HeaderConf);
    if (typeof name !== 'string')
      throw new HasuraError('parse-failed', 'key "name" not found', { path: [...path, i] });
    if (variable?.startsWith('HASURA_GRAPHQL_'))
      throw new HasuraError(
        'parse-failed',
        `env variables starting with "HASURA_GRAPHQL_" are not allowed in value_from_env: ${variable}`,
        { path: [...path, i] },
      );
    if ((value ?? null) === null && (variable ?? null) === null)
      throw new HasuraError('parse-failed', 'expecting value or value_from_env keys', { path: [...path, i] });
    if ((value ?? null) !== null && (variable ?? null) !== null)
      throw new HasuraError('parse-failed', 'expecting only one of value or value_from_env keys', {
        path: [...path, i],
      });
  }
}
