/** What a check of a variable is: one row in the list beside the variable that it judges. */
import type { Stack } from '../definition.ts';

export type Values = Readonly<Record<string, string | undefined>>;

/** Something wrong with a value. Never quotes a secret. */
export interface Complaint {
  /** `error`: the deployment will not work, or is unsafe. `warning`: it will, but look. */
  readonly level: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
}

/** A complaint with the name of the variable, or of several. */
export interface EnvProblem extends Complaint {
  readonly name: string;
}

export interface CheckContext {
  /** The variable whose value it is. */
  readonly name: string;
  readonly values: Values;
  readonly stack: Stack;
}

/** Judges a value that is not empty; nothing when it is well. Pure. */
export type ValueCheck = (value: string, context: CheckContext) => Complaint | undefined;

export function error(message: string, hint: string): Complaint {
  return { level: 'error', message, hint };
}

export function warning(message: string, hint: string): Complaint {
  return { level: 'warning', message, hint };
}

/** Refuses what does not match. @param message what it then is, to follow the variable's name */
export function matches(pattern: RegExp, message: string, hint: string): ValueCheck {
  return value => (pattern.test(value) ? undefined : error(message, hint));
}
