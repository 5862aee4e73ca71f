/** What the process returns. Scripts rely on these numbers; `peakstone help exit-codes` prints them. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notRunning: 3,
  unhealthy: 4,
  interrupted: 130,
} as const;

/** 128 + SIGPIPE: whoever read the output has seen enough (`| head`), as with any tool that a closed pipe ends. */
export const closedPipe = 141;

export const exitCodeMeanings: readonly (readonly [number, string])[] = [
  [exitCodes.ok, 'Done'],
  [exitCodes.failure, 'It could not be done; standard error says why and what to do next'],
  [exitCodes.usage, 'The command line was not understood'],
  [exitCodes.notRunning, 'No stack runs in this folder'],
  [exitCodes.unhealthy, 'A service is unhealthy, or doctor found something that fails'],
  [exitCodes.interrupted, 'Interrupted by Ctrl-C before it was done'],
];

/** A failure that the user can do something about: printed as its message and hint, without a stack trace. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number;
  /** What to do next. */
  readonly hint: string | undefined;
  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.failure;
  }
}

/** The command line was not understood. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  constructor(message: string, hint?: string) {
    super(message, { exitCode: exitCodes.usage, ...(hint === undefined ? {} : { hint }) });
  }
}
