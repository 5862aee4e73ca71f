import { root } from './commands/index.ts';
import type { Context } from './grammar/command.ts';
import { exitCodes, UsageError } from './grammar/errors.ts';
import { parseCommandLine } from './grammar/parse.ts';
import { reportFailure } from './output/failure.ts';
import { renderHelp } from './output/help.ts';
import { styleFor, terminalWidth } from './output/style.ts';

/**
 * Runs one command line: data on `stdout`, everything else on `stderr`. Resolves with the exit code; never rejects.
 */
export async function runCommandLine(argv: readonly string[], context: Context): Promise<number> {
  try {
    const parsed = parseCommandLine(root, argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv);
    if (parsed.kind === 'help') {
      // Nothing asked for is a mistake in a script, so it goes where mistakes go.
      const { asked } = parsed;
      const stream = asked ? context.stdout : context.stderr;
      stream.write(renderHelp(parsed.path, styleFor(stream, context.env), terminalWidth(stream)));
      return asked ? exitCodes.ok : exitCodes.usage;
    }
    return await parsed.path.at(-1)!.run!(parsed.invocation, context);
  } catch (error) {
    if (error instanceof UsageError || error instanceof Error) return reportFailure(error, context);
    return reportFailure(new Error(String(error)), context);
  }
}
