import type { Context } from '../grammar/command.ts';
import { CliError, exitCodes } from '../grammar/errors.ts';
import { asCalled } from './called.ts';
import { styleFor } from './style.ts';

/** Exit codes by a StackError's code; every other one is a plain failure. */
const exitCodeOf: Readonly<Record<string, number>> = {
  notRunning: exitCodes.notRunning,
  aborted: exitCodes.interrupted,
};

/**
 * Prints what went wrong and what to do next; returns the exit code. Errors made for users (those that carry a `hint`
 * or a code of ours) are one or two lines; a bug in the product shows its stack trace, to be reported.
 */
export function reportFailure(error: unknown, context: Context): number {
  const style = styleFor(context.stderr, context.env);
  const { message, hint, exitCode, forUser } = describeFailure(error);
  const say = (text: string): string => asCalled(text, context.env);
  context.stderr.write(`${style.bad('error:')} ${say(message)}\n`);
  if (hint) context.stderr.write(`${style.dim('hint:')}  ${say(hint)}\n`);
  if (!forUser) {
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1).join('\n') : '';
    context.stderr.write(
      `${stack}\nThis looks like a bug in PeakStone. Please report it with the lines above.\n`,
    );
  }
  return exitCode;
}

interface Failure {
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly forUser: boolean;
}

function describeFailure(error: unknown): Failure {
  if (error instanceof CliError)
    return { message: error.message, hint: error.hint, exitCode: error.exitCode, forUser: true };
  if (!(error instanceof Error))
    return { message: String(error), hint: undefined, exitCode: exitCodes.failure, forUser: false };
  const { hint, code } = error as { hint?: unknown; code?: unknown };
  return {
    message: error.message,
    hint: typeof hint === 'string' ? hint : undefined,
    exitCode: (typeof code === 'string' && exitCodeOf[code]) || exitCodes.failure,
    forUser:
      typeof hint === 'string' ||
      userErrors.has(error.name) ||
      (typeof code === 'string' && /^E[A-Z]+$/.test(code)),
  };
}

/** Errors whose message alone tells a user what to do. */
const userErrors = new Set([
  'StackError',
  'StackConfigError',
  'ConfigError',
  'DatabaseError',
  'PgError',
  'ConnectionError',
  'PoolTimeoutError',
  'DeployError',
]);
