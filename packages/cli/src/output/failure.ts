import type { Context } from '../grammar/command.ts';
import { CliError, exitCodes } from '../grammar/errors.ts';
import { printable } from './printable.ts';
import { styleFor } from './style.ts';

/** Exit codes by an error's code; every other one is a plain failure. */
const exitCodeOf: Readonly<Record<string, number>> = {
  notRunning: exitCodes.notRunning,
  aborted: exitCodes.interrupted,
  cancelled: exitCodes.interrupted,
  Usage: exitCodes.usage,
};

/**
 * Prints what went wrong and what to do next; returns the exit code. Errors made for users (those that carry a `hint`
 * or a code of ours) are one or two lines; a bug in the product shows its stack trace, to be reported.
 */
export function reportFailure(error: unknown, context: Context): number {
  const style = styleFor(context.stderr, context.env);
  const { message, hint, exitCode, forUser } = describeFailure(error);
  context.stderr.write(`${style.bad('error:')} ${hanging(message, 7)}\n`);
  if (hint) context.stderr.write(`${style.dim('hint:')}  ${hanging(hint, 7)}\n`);
  if (!forUser) {
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1).join('\n') : '';
    context.stderr.write(
      `${stack}\nThis looks like a bug in PeakStone. Please report it with the lines above.\n`,
    );
  }
  return exitCode;
}

/** Names of others may hold line feeds: a line of theirs never begins where ours do. */
function hanging(text: string, indent: number): string {
  return printable(text).replaceAll('\n', `\n${' '.repeat(indent)}`);
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
  const { hint, code, path } = error as { hint?: unknown; code?: unknown; path?: unknown };
  const refusal = typeof code === 'string' && hint === undefined ? refusals[code] : undefined;
  if (refusal && typeof path === 'string') {
    const [why, todo] = refusal;
    return { message: `${path}: ${why}.`, hint: todo, exitCode: exitCodes.failure, forUser: true };
  }
  return {
    // Where it is read alone, the message has the hint in it.
    message: typeof hint === 'string' ? error.message.replace(` ${hint}`, '') : error.message,
    hint: typeof hint === 'string' ? hint : undefined,
    exitCode: (typeof code === 'string' && exitCodeOf[code]) || exitCodes.failure,
    forUser:
      typeof hint === 'string' ||
      userErrors.has(error.name) ||
      (typeof code === 'string' && /^E[A-Z]+$/.test(code)),
  };
}

const otherFolder = 'Name a folder that you may write in with --data, or start as the owner.';

/** What the system refuses, in words, and what to do about it. */
const refusals: Readonly<Record<string, readonly [why: string, todo: string]>> = {
  EROFS: ['the disk is mounted read-only', 'Mount it for writing, or name a folder elsewhere.'],
  EACCES: ['this user may not do that there', otherFolder],
  EPERM: ['this user may not do that there', otherFolder],
  ENOSPC: ['the disk is full', 'Free some space; nothing that was committed is lost.'],
  EDQUOT: ['the quota of this user is used up', 'Free some space; nothing that was committed is lost.'],
  EMFILE: ['too many files are open', `Raise the limit: ulimit -n 65536`],
};

/** Errors whose message alone tells a user what to do. */
const userErrors = new Set([
  'StackError',
  'StackConfigError',
  'ConfigError',
  'DatabaseError',
  'BackupError',
  'PgError',
  'ConnectionError',
  'PoolTimeoutError',
  'DeployError',
  'TransferError',
  'MigrateError',
]);
