/** Who asks. Made by `auth/`, for every transport. */
export interface Session {
  readonly role: string;
  /** Session variables by lower-case name, `x-hasura-role` among them. */
  readonly variables: ReadonlyMap<string, string>;
  /** Whether the caller knows the admin secret, which is what internals are shown to. */
  readonly isAdmin: boolean;
  /** May use what is for the backend alone. */
  readonly isBackend: boolean;
  /** The token's claims as JSON; null without one. For `request.jwt.claims`, where the database decides. */
  readonly claimsJson: string | null;
  /** When the token ends, in milliseconds since the epoch; null when it does not. */
  readonly expiresAtMs: number | null;
  /** Cookies that the webhook wants the client to have. */
  readonly setCookies?: readonly string[];
}

/** Who may do everything. */
export const adminRole = 'admin';
