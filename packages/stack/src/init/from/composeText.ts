/** Values of a Compose file, as Compose fills variables in. */

export type Values = Readonly<Record<string, string | undefined>>;

/** `${` with a name, and what stands behind it up to its own brace; `$NAME`; or `$$`, which is a dollar sign. */
const START = /\$(?:\$|\{(\w+)|([A-Za-z_]\w*))/g;

/**
 * `$NAME`, `${NAME}`, and with what to take instead: `${NAME:-default}` (also for empty), `${NAME-default}`, `${NAME:+other}`;
 * what is behind `:?` is a message. Defaults may hold variables themselves.
 * @example resolveText('${IMAGE:-postgres:${MAJOR:-17}}', {}) // 'postgres:17'
 */
export function resolveText(text: string, values: Values): string {
  let resolved = '';
  let at = 0;
  for (const match of text.matchAll(START)) {
    if (match.index < at) continue;
    resolved += text.slice(at, match.index);
    const [whole, braced, bare] = match;
    at = match.index + whole.length;
    if (braced === undefined) {
      resolved += bare === undefined ? '$' : (values[bare] ?? '');
      continue;
    }
    const end = endOfBrace(text, at);
    resolved += chosen(values[braced], text.slice(at, end), values);
    at = end + 1;
  }
  return resolved + text.slice(at);
}

function chosen(value: string | undefined, rest: string, values: Values): string {
  const [, colon, operator, word = ''] = /^(:?)([-+?])([\s\S]*)$/.exec(rest) ?? [];
  const given = value !== undefined && (value !== '' || colon === '');
  if (operator === '+') return given ? resolveText(word, values) : '';
  return given ? value : operator === '-' ? resolveText(word, values) : (value ?? '');
}

function endOfBrace(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return text.length;
}
