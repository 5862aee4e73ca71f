/** A name to look for, as psql reads one: `*` and `?` stand for others, quotes keep what they hold, and all else is lower case. */
export interface NamePattern {
  /** For LIKE; undefined: any of the application's. */
  readonly schema: string | undefined;
  readonly name: string;
}

/** Pure. @example readPattern('Public.film*') // { schema: 'public', name: 'film%' } */
export function readPattern(text: string): NamePattern {
  const parts = [''];
  for (const token of text.match(/"(?:[^"]|"")*"?|[^"]/g) ?? []) {
    const last = parts.length - 1;
    if (token === '.') parts.push('');
    else if (token === '*') parts[last] += '%';
    else if (token === '?') parts[last] += '_';
    else if (token.startsWith('"'))
      parts[last] += escapeLike(token.replace(/^"|"$/g, '').replaceAll('""', '"'));
    else parts[last] += escapeLike(token.toLowerCase());
  }
  const [name = '%', schema] = parts.toReversed();
  return { schema: schema === undefined ? undefined : schema || '%', name: name || '%' };
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
