import { existsSync } from 'node:fs';
import { parseEnvFile } from '@peakstone/kernel/config';
import { StackError } from './errors.ts';
import { readOwn } from './ownership.ts';
import type { StackPaths } from './paths.ts';

export type EnvValues = Readonly<Record<string, string | undefined>>;

/** What `.env` says; nothing when there is none. */
export function readEnvFile(paths: StackPaths, outer: EnvValues = {}): EnvValues {
  return existsSync(paths.env) ? parseEnvFile(readText(paths.env), outer) : {};
}

function readText(file: string): string {
  try {
    return readOwn(file);
  } catch (error) {
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
