/** Tokens signed with the fixture's secret. */
import { createHmac } from 'node:crypto';
import { jwtSecret } from './fixture.ts';

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export function token(claims: object, secret: string | Buffer = jwtSecret): string {
  const signed = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The header of a request with such a token. */
export const bearer = (claims: object, secret?: string | Buffer): { readonly authorization: string } => ({
  authorization: `Bearer ${token(claims, secret)}`,
});
