/** Names and texts in SQL, for where parameters cannot go. */

/**
 * An identifier, always in double quotes, so that no keyword list is needed and case is kept.
 * @throws {TypeError} on an empty name or one with a zero byte, which no PostgreSQL name can be.
 * @example quoteIdentifier('my "col"') // "my ""col"""
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) throw new TypeError('Not a possible PostgreSQL identifier');
  return name.includes('"') ? `"${name.replaceAll('"', '""')}"` : `"${name}"`;
}

/**
 * A string literal that means the same whatever `standard_conforming_strings` says.
 * For where parameters cannot go (DDL, SET); data travels in `values`.
 * @throws {TypeError} on a zero byte, which PostgreSQL's text cannot hold.
 * @example quoteLiteral("it's") // 'it''s'
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0')) throw new TypeError('PostgreSQL text cannot hold a zero byte');
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `schema.name`, both quoted. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * The text form of a `text[]`, for one parameter instead of many. Every element is quoted, so that none reads as NULL.
 * @example arrayLiteral(['a', 'say "b"']) // {"a","say \\"b\\""}
 */
export function arrayLiteral(elements: readonly string[]): string {
  return `{${elements.map(element => `"${element.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
