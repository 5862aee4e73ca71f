/**
 * A setting that can't be used. The message names the variable and the shape it expects,
 * and repeats the value only where the reader knows that it isn't a secret.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly variable: string;
  /** The shape expected, as words: `a whole number from 1 to 65535`. */
  readonly expected: string;
  readonly hint: string | null;

  constructor(
    variable: string,
    expected: string,
    options: { got?: string; hint?: string; cause?: unknown } = {},
  ) {
    const got = options.got === undefined ? '' : `, not ${JSON.stringify(options.got.slice(0, 80))}`;
    super(
      `${variable} must be ${expected}${got}.${options.hint ? ` ${options.hint}` : ''}`,
      'cause' in options ? { cause: options.cause } : undefined,
    );
    this.variable = variable;
    this.expected = expected;
    this.hint = options.hint ?? null;
  }
}
