/** Percent-encoding as signatures and listings need it. Pure. */

const reserved = /[!'()*]/g;
const toHex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/** Everything but unreserved characters. */
export function encodeComponent(text: string): string {
  return plain.test(text) ? text : encodeURIComponent(text.toWellFormed()).replace(reserved, toHex);
}

const plain = /^[A-Za-z0-9._~-]*$/;
const plainPath = /^[A-Za-z0-9._~/-]*$/;

/** The same, with slashes left as they are. */
export function encodePath(text: string): string {
  return plainPath.test(text)
    ? text
    : encodeURIComponent(text.toWellFormed()).replace(reserved, toHex).replaceAll('%2F', '/');
}
