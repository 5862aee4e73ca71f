/** A dump that cannot be read, or an import or dump that cannot be begun or went wrong; `hint` says what to do next. */
export class TransferError extends Error {
  override readonly name = 'TransferError';
  readonly hint: string | undefined;
  /** It was ended by whoever asked for it. */
  readonly code: 'cancelled' | undefined;
  constructor(message: string, options: { hint?: string; code?: 'cancelled'; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.code = options.code;
  }
}
