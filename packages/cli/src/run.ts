import { lastStart } from '@peakstone/stack/started';
import { root } from './commands/index.ts';
import type { Context, Invocation } from './grammar/command.ts';
import { exitCodes, UsageError } from './grammar/errors.ts';
import { parseCommandLine } from './grammar/parse.ts';
import { type Again, againAs } from './output/again.ts';
import { asCalled, namingCommands } from './output/called.ts';
import { reportFailure } from './output/failure.ts';
import { renderHelp } from './output/help.ts';
import { styleFor, terminalWidth } from './output/style.ts';
import { dataFolder } from './stack.ts';

/**
 * Runs one command line: data on `stdout`, everything else on `stderr`, with commands named as they were called. Resolves
 * with the exit code; never rejects.
 */
export async function runCommandLine(argv: readonly string[], given: Surroundings): Promise<number> {
  const { env, cwd } = given;
  let context = contextOf(given, text => asCalled(text, env, cwd));
  try {
    const parsed = parseCommandLine(root, argv[0] === '--version' ? ['version', ...argv.slice(1)] : argv);
    if (parsed.kind === 'help') {
      // Nothing asked for is a mistake in a script, so it goes where mistakes go.
      const { asked } = parsed;
      const stream = asked ? context.stdout : context.stderr;
      const help = renderHelp(parsed.path, styleFor(stream, env), terminalWidth(stream));
      stream.write(asCalled(help, env, cwd));
      return asked ? exitCodes.ok : exitCodes.usage;
    }
    const { invocation } = parsed;
    context = contextOf(given, text =>
      asCalled(
        againAs(text, () => againOf(invocation, given)),
        env,
        cwd,
      ),
    );
    return await parsed.path.at(-1)!.run!(invocation, context);
  } catch (error) {
    if (error instanceof UsageError || error instanceof Error) return reportFailure(error, context);
    return reportFailure(new Error(String(error)), context);
  }
}

/** What a command is given from outside. */
type Surroundings = Omit<Context, 'told'>;

function contextOf(given: Surroundings, told: Context['told']): Context {
  return { ...given, told, stderr: namingCommands(given.stderr, told) };
}

function againOf({ options }: Invocation, { env, cwd }: Surroundings): Again {
  return {
    data: typeof options.data === 'string' ? options.data : undefined,
    start: lastStart(cwd, dataFolder(options, env)),
  };
}
