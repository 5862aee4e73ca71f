import { existsSync, readFileSync } from 'node:fs';
import { parseEnvFile } from '@peakstone/kernel/config';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { StackError } from './errors.ts';
import type { StackPaths } from './paths.ts';

export type EnvValues = Readonly<Record<string, string | undefined>>;

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
