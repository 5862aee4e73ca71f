/** Why a deployment did not happen. `message` states the fact in one line, `hint` the next action. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  readonly hint: string | undefined;
  constructor(message: string, options: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}
