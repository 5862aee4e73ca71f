/** The running stack's database, or another one, as SQL. */
import type { DumpOptions, DumpReport } from '@peakstone/transfer';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { superuserUrl } from '../run/databaseUrl.ts';

export interface StackDump extends Omit<DumpOptions, 'url' | 'write'> {
  /** Another database than the stack's. */
  readonly url?: string | undefined;
  /** Absolute; null for `write`. */
  readonly file: string | null;
  readonly write: DumpOptions['write'];
  /** Without a pg_dump of the machine's, where there is one. */
  readonly builtin?: boolean;
  /** Which program writes it. */
  readonly onProgram?: (program: string | null) => void;
}

/** Pure. */
function isPart({ selection = {}, content }: Pick<DumpOptions, 'selection' | 'content'>): boolean {
  return content === 'data' || Object.values(selection).some(list => (list?.length ?? 0) > 0);
}

/**
 * Dumps by the machine's pg_dump, which does not say what a part of a database needs and so writes none, where it is of the database's version, or without any program. A file appears when all of
 * it is there, and nobody else may read it.
 * @returns null from a program of PostgreSQL's.
 * @throws {TransferError} @throws {StackError} `notRunning`
 */
export async function dumpStack(
  paths: StackPaths,
  env: EnvValues,
  { url, file, builtin = false, onProgram, ...options }: StackDump,
): Promise<DumpReport | null> {
  const { dumpDatabase, findPgDump, runPgDump, writeWholeFile } = await import('@peakstone/transfer');
  const program = builtin || isPart(options) ? null : findPgDump(process.env);
  const address = url ?? (await superuserUrl(paths, env));
  onProgram?.(program);
  const dump = async (write: DumpOptions['write']): Promise<DumpReport | null> => {
    const all = { ...options, url: address, write };
    if (program === null) return await dumpDatabase(all);
    await runPgDump(program, all);
    return null;
  };
  return file === null ? await dump(options.write) : await writeWholeFile(file, dump);
}
