/** Tokens signed with the fixture's secret. */
import { signJwt } from '@peakstone/kernel/jwt';
import { jwtSecret } from './fixture.ts';

export function token(
  claims: Readonly<Record<string, unknown>>,
  secret: string | Buffer = jwtSecret,
): string {
  return signJwt(claims, secret);
}

/** The header of a request with such a token. */
export const bearer = (
  claims: Readonly<Record<string, unknown>>,
  secret?: string | Buffer,
): { readonly authorization: string } => ({ authorization: `Bearer ${token(claims, secret)}` });
