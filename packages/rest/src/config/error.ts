/** A setting that cannot be used; the message names it and never holds a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
