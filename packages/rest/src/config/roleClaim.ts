/**
 * Where a token names its role: setting `jwt-role-claim-key`.
 * @see https://docs.postgrest.org/en/stable/references/auth.html#jwt-role-extract
 */
import { ConfigError } from './error.ts';
import { evaluateJsonPath } from './roleClaim/jsonPath/evaluate.ts';
import { parseJsonPath } from './roleClaim/jsonPath/parse.ts';
import { JsonPathError } from './roleClaim/jsonPath/types.ts';
import { dumpJsPath, evaluateJsPath, parseJsPath } from './roleClaim/jsPath.ts';

export interface RoleClaim {
  /** The role the claims name: text as it is, anything else as JSON; undefined when there is none. */
  readonly find: (claims: unknown) => string | undefined;
  /** Set when the older syntax was used: the path as the reference's warning shows it. */
  readonly deprecated: string | null;
}

/** @throws {ConfigError} when the key is neither JSONPath nor the older JSPath. Pure. */
export function parseRoleClaimKey(key: string): RoleClaim {
  try {
    const path = parseJsonPath(key);
    return { find: claims => asRole(evaluateJsonPath(path, claims)[0]), deprecated: null };
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    const older = parseJsPath(key);
    if (!older) {
      throw new ConfigError(
        `"failed to parse role-claim-key value (${key})" (line 1, column ${error.column}): ${error.message}`,
      );
    }
    return { find: claims => asRole(evaluateJsPath(older, claims)), deprecated: dumpJsPath(older) };
  }
}

/** The key as a configuration file holds it; a dollar is doubled there. */
export function dumpRoleClaimKey(key: string): string {
  return parseRoleClaimKey(key).deprecated ?? key.replaceAll('$', '$$$$');
}

const asRole = (value: unknown): string | undefined =>
  value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
