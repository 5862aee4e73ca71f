/** What Atlas takes for white space: Unicode's White_Space, which is not JavaScript's (no byte-order mark, but U+0085). */
const space = '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const leading = new RegExp(`[${space}]*`, 'y');
const trailing = new RegExp(`[${space}]$`);

/** Where the white space from `at` on ends. Pure. */
export function skipSpace(text: string, at: number): number {
  leading.lastIndex = at;
  leading.exec(text);
  return leading.lastIndex;
}

/** Without white space at either end. Pure. */
export function trimSpace(text: string): string {
  let end = text.length;
  const start = skipSpace(text, 0);
  while (end > start && trailing.test(text[end - 1]!)) end--;
  return text.slice(start, end);
}
