/** PostgREST's JWT error codes. @see https://docs.postgrest.org/en/stable/references/errors.html#group-3-jwt-errors */
export type JwtErrorCode = 'PGRST300' | 'PGRST301' | 'PGRST302' | 'PGRST303';

interface Refusal {
  readonly code: JwtErrorCode;
  readonly message: string;
  readonly details: string | null;
}

const decode = (message: string, details: string | null = null): Refusal => ({
  code: 'PGRST301',
  message,
  details,
});
const claim = (message: string): Refusal => ({ code: 'PGRST303', message, details: null });

/** Every way in which a token can be refused, in the reference's words. */
const REFUSALS = {
  secretMissing: { code: 'PGRST300', message: 'Server lacks JWT secret', details: null },
  emptyToken: decode('Empty JWT is sent in Authorization header'),
  unexpectedParts: decode('Expected 3 parts in JWT; got '),
  noSuitableKey: decode('No suitable key or wrong key type', 'No suitable key was found to decode the JWT'),
  wrongSignature: decode('No suitable key or wrong key type', 'None of the keys was able to decode the JWT'),
  unsecured: decode(
    'Wrong or unsupported encoding algorithm',
    "JWT is unsecured but expected 'alg' was not 'none'",
  ),
  malformed: decode('JWT cryptographic operation failed'),
  tokenRequired: { code: 'PGRST302', message: 'Anonymous access is disabled', details: null },
  expired: claim('JWT expired'),
  notYetValid: claim('JWT not yet valid'),
  issuedAtFuture: claim('JWT issued at future'),
  notInAudience: claim('JWT not in audience'),
  claimsNotObject: claim('Parsing claims failed'),
  expNotNumber: claim("The JWT 'exp' claim must be a number"),
  nbfNotNumber: claim("The JWT 'nbf' claim must be a number"),
  iatNotNumber: claim("The JWT 'iat' claim must be a number"),
  audNotStringOrArray: claim("The JWT 'aud' claim must be a string or an array of strings"),
} as const satisfies Record<string, Refusal>;

export type JwtErrorReason = keyof typeof REFUSALS;

/** A refused token. `message`, `details`, `code` and `status` are PostgREST's. */
export class JwtError extends Error {
  override readonly name = 'JwtError';
  readonly reason: JwtErrorReason;
  readonly code: JwtErrorCode;
  readonly details: string | null;

  /** `parts` is the number of dot-separated parts, for `unexpectedParts`. */
  constructor(reason: JwtErrorReason, parts?: number) {
    const refusal: Refusal = REFUSALS[reason];
    super(parts === undefined ? refusal.message : `${refusal.message}${parts}`);
    this.reason = reason;
    this.code = refusal.code;
    this.details = refusal.details;
  }

  /** HTTP status: 500 when the server has no secret, 401 otherwise. */
  get status(): 401 | 500 {
    return this.code === 'PGRST300' ? 500 : 401;
  }

  /** Value of WWW-Authenticate; null when the fault is the server's. */
  get wwwAuthenticate(): string | null {
    switch (this.code) {
      case 'PGRST300':
        return null;
      case 'PGRST302':
        return 'Bearer';
      default:
        return `Bearer error="invalid_token", error_description=${JSON.stringify(this.message)}`;
    }
  }
}

/** Key material that can't be used. The message never holds any of it. */
export class JwtKeyError extends Error {
  override readonly name = 'JwtKeyError';
}
