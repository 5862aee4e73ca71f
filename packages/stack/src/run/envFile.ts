import { existsSync, readFileSync } from 'node:fs';
import { parseEnvFile } from '@peakstone/kernel/config';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { StackError } from './errors.ts';
import type { StackPaths } from './paths.ts';

export type EnvValues = Readonly<Record<string, string | undefined>>;

/**
 * The settings of a stack: `.env`, overridden by the process environment, as Compose does it.
 * @throws {ConfigError} naming the line that cannot be read; {StackError} when the file cannot.
 */
export function stackEnv(paths: StackPaths, env: EnvValues): EnvValues {
  return { ...readEnvFile(paths, env), ...withoutEmpty(env) };
}

/** What `.env` says; nothing when there is none. */
export function readEnvFile(paths: StackPaths, outer: EnvValues = {}): EnvValues {
  return existsSync(paths.env) ? parseEnvFile(readText(paths.env), outer) : {};
}

function readText(file: string): string {
  try {
    assertOwnFile(file);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new StackError('permission', error.message, { hint: error.hint, cause: error });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') {
      throw new StackError('config', `${file} is not a file.`, {
        hint: 'Move it away: the secrets are kept in a file of that name.',
        cause: error,
      });
    }
    if (code !== 'EACCES') throw error;
    throw new StackError('permission', `${file} may not be read by this user.`, {
      hint: 'Run the command as its owner.',
      cause: error,
    });
  }
}

/** An empty variable is one that is not set; it must not hide the file's. */
function withoutEmpty(env: EnvValues): EnvValues {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
