import { dirname, resolve } from 'node:path';
import { replaceFile } from '@peakstone/kernel/durable';
import { UnsafePlaceError } from '@peakstone/kernel/private';
import { CliError } from '../grammar/errors.ts';

/** What the system refuses of a file that the user named, and what to do about it. */
const refusals: Readonly<Record<string, (file: string) => readonly [why: string, hint: string]>> = {
  ENOENT: file => [`there is no folder ${dirname(file)}`, `Make it first: mkdir -p ${dirname(file)}`],
  ENOTDIR: file => [`${dirname(file)} is no folder`, 'Name a file in a folder that is there.'],
  EISDIR: file => ['it is a folder', `Name a file in it: ${file}/NAME`],
};

/** Writes the file that the user named. @throws {CliError} where it cannot be, with what to do */
export function writeText(named: string, text: string, cwd: string): void {
  const file = resolve(cwd, named);
  try {
    replaceFile(file, text);
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new CliError(error.message, { hint: error.hint, cause: error });
    const refusal = refusals[(error as NodeJS.ErrnoException).code ?? '']?.(file);
    if (refusal === undefined) throw error;
    throw new CliError(`${named} cannot be written: ${refusal[0]}.`, { hint: refusal[1], cause: error });
  }
}
