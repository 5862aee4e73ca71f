import type { Context } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';

/**
 * Asks on a terminal whether something that cannot be undone shall be done.
 * @param consequence a sentence. @param unasked the command line that does not ask
 * @throws {UsageError} where there is no terminal; {CliError} unless the answer is yes
 */
export async function confirm(consequence: string, unasked: string, context: Context): Promise<void> {
  if (!context.stdin.isTTY)
    throw new UsageError(`${consequence} Nothing was done.`, `To do it without being asked: ${unasked}`);
  if ((await ask(`${consequence} Type yes to go on: `, context)) === 'yes') return;
  throw new CliError('Nothing was done.', { exitCode: exitCodes.interrupted });
}

/** What a person at a terminal answers, in lower case; undefined for Ctrl-C and Ctrl-D. */
export async function ask(
  question: string,
  { stdin, stderr }: Pick<Context, 'stdin' | 'stderr'>,
): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: stdin, output: stderr });
  const abort = new AbortController();
  terminal.once('SIGINT', () => abort.abort());
  // Ctrl-D is no yes.
  terminal.once('close', () => abort.abort());
  try {
    return (await terminal.question(question, { signal: abort.signal })).trim().toLowerCase();
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    stderr.write('\n');
    return undefined;
  } finally {
    terminal.close();
  }
}
