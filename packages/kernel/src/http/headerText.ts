/** What HTTP lets a header hold, and the UTF-8 in it. Pure. */

/** Header values arrive byte by byte, as latin1; what they say is UTF-8. */
export function decodeHeader(value: string): string {
  return /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

/**
 * The opposite of `decodeHeader`: one character for each byte of the text's UTF-8. What no header can hold, a name with a line
 * break in it, is written as in a URL.
 */
export function encodeHeader(text: string): string {
  if (!/[^\x20-\x7e]/.test(text)) return text;
  return Buffer.from(text.replace(controls, encodeURIComponent), 'utf8').toString('latin1');
}

/** All but the tab. */
const controls = /[\x00-\x08\x0a-\x1f\x7f]/g;

/** Whether a message can carry the pair. What it could not would end the header, or start another. */
export function isHeader(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
}
