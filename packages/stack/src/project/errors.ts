/** Why a stack did not start, or could not do what was asked. */
export type StackErrorCode =
  | 'alreadyRunning'
  | 'notRunning'
  | 'portTaken'
  | 'address'
  | 'aborted'
  | 'startFailed'
  | 'unknownService'
  | 'control'
  | 'unanswered'
  | 'moved'
  | 'example'
  | 'permission'
  | 'config';

/** `message` states the fact, `hint` the next action, `cause` the original. */
export class StackError extends Error {
  override readonly name = 'StackError';
  readonly code: StackErrorCode;
  readonly hint: string | undefined;
  constructor(code: StackErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
