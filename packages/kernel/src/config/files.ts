import { readFileSync, statSync } from 'node:fs';
import type { Env } from '../service.ts';
import { ConfigError } from './errors.ts';

const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Replaces settings that point to files by the files' contents, for the given variables: `NAME_FILE=/run/secrets/x`
 * (Docker secrets) and `NAME=@/run/secrets/x` (PostgREST). One line feed at the end of the file is dropped. Reads files.
 * @throws {ConfigError} when the file can't be read, or both `NAME` and `NAME_FILE` are set.
 */
export function resolveFiles(env: Env, names: readonly string[]): Env {
  const resolved: Record<string, string | undefined> = { ...env };
  for (const name of names) {
    const fileVariable = `${name}_FILE`;
    const value = env[name];
    const path = env[fileVariable];
    if (path !== undefined && path !== '') {
      if (value !== undefined && value !== '') {
        throw new ConfigError(fileVariable, `left out when ${name} is set`, { hint: 'Keep one of the two.' });
      }
      resolved[name] = contents(fileVariable, path);
    } else if (value?.startsWith('@')) {
      resolved[name] = contents(name, value.slice(1));
    }
  }
  return resolved;
}

function contents(variable: string, path: string): string {
  const expected = `the path of a readable file of at most ${MAX_FILE_BYTES} bytes`;
  try {
    const stat = statSync(path);
    if (stat.isFile() && stat.size <= MAX_FILE_BYTES) return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ConfigError(variable, expected, { got: path, cause });
  }
  throw new ConfigError(variable, expected, { got: path });
}
