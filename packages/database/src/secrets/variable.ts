/** What a variable of `.env` is. Which ones there are is the stack's to say: it hands its table in. */

/** How a secret is made; `bytes` of randomness. */
export type Generate =
  | { readonly kind: 'urlSafe'; readonly bytes: number }
  | { readonly kind: 'hex'; readonly bytes: number };

export interface EnvVariable {
  readonly name: string;
  /** Heading above it in the file. */
  readonly group: string;
  readonly comment?: string;
  /** Value when it is no secret; may name variables above as `${NAME}`. */
  readonly value?: string;
  /** Given for secrets. */
  readonly generate?: Generate;
  /** Written commented out: there is a default that is better left alone. */
  readonly optional?: boolean;
}
