import type { Context } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';

/**
 * Asks on a terminal whether something that cannot be undone shall be done.
 * @param consequence a sentence. @param unasked the command line that does not ask
 * @throws {UsageError} where there is no terminal; {CliError} unless the answer is yes
 */
export async function confirm(
  consequence: string,
  unasked: string,
  { stdin, stderr }: Context,
): Promise<void> {
  if (!stdin.isTTY)
    throw new UsageError(`${consequence} Nothing was done.`, `To do it without being asked: ${unasked}`);
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: stdin, output: stderr });
  const abort = new AbortController();
  terminal.once('SIGINT', () => abort.abort());
  // Ctrl-D is no yes.
  terminal.once('close', () => abort.abort());
  try {
    const answer = await terminal.question(`${consequence} Type yes to go on: `, { signal: abort.signal });
    if (answer.trim().toLowerCase() === 'yes') return;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    stderr.write('\n');
  } finally {
    terminal.close();
  }
  throw new CliError('Nothing was done.', { exitCode: exitCodes.interrupted });
}
