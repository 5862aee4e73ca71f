/** Passwords as PostgreSQL stores them. */

const md5 = /^md5[0-9a-f]{32}$/;
/** Iterations, salt, and two keys of SHA-256, all in base64. */
const scram =
  /^SCRAM-SHA-256\$[1-9]\d{0,9}:(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/;

/**
 * Whether a server takes it for what it stores, and not for a password in clear text, which it would go on to encrypt. Pure.
 * @see https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/libpq/crypt.c get_password_type
 */
export function isVerifier(text: string): boolean {
  return md5.test(text) || scram.test(text);
}
