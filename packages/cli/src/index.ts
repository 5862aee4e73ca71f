/** The command as a function, for programs and tests that have their own streams and environment. */
export type { Context } from './grammar/command.ts';
export { exitCodes } from './grammar/errors.ts';
export { runCommandLine } from './run.ts';
