/**
 * `.env` files as Compose reads them: comments, `export`, quotes, values over several lines, `${VAR}`.
 * Reading keeps the text, so that writing changes only what was asked. Pure.
 */
import type { Env } from '../service.ts';
import { ConfigError } from './errors.ts';

interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Offsets of the whole assignment in the text, without its line end. */
  readonly start: number;
  readonly end: number;
}

const MAX_TEXT = 1024 * 1024;
const NAME = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/**
 * Values of a `.env` file. `${NAME}` and `${NAME:-default}` in unquoted and double-quoted values
 * stand for variables set above, then for `outer`'s.
 * @throws {ConfigError} naming the line that can't be read; values are not repeated.
 */
export function parseEnvFile(text: string, outer: Env = {}): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, value } of assignments(text, reference => values[reference] ?? outer[reference])) {
    values[name] = value;
  }
  return values;
}

/**
 * The file's text with some variables set, everything else byte for byte as it was.
 * A variable that occurs is changed in its place (the last one, which is what counts), others are added at the end;
 * `undefined` removes. `quote` writes a value where the text is read by another than Compose.
 */
export function updateEnvFile(
  text: string,
  changes: Readonly<Record<string, string | undefined>>,
  quote: (name: string, value: string) => string = (_name, value) => quoteEnvValue(value),
): string {
  const found = [...assignments(text, () => undefined)];
  let result = text;
  for (let i = found.length - 1; i >= 0; i--) {
    const { name, start, end } = found[i]!;
    if (!Object.hasOwn(changes, name)) continue;
    const value = changes[name];
    if (value === undefined) {
      const lineEnd = result.startsWith('\r\n', end) ? end + 2 : result.startsWith('\n', end) ? end + 1 : end;
      result = result.slice(0, start) + result.slice(lineEnd);
    } else if (found.findLastIndex(other => other.name === name) === i) {
      result = `${result.slice(0, start)}${name}=${quote(name, value)}${result.slice(end)}`;
    }
  }
  const known = new Set(found.map(assignment => assignment.name));
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || known.has(name)) continue;
    if (result !== '' && !result.endsWith('\n')) result += '\n';
    result += `${name}=${quote(name, value)}\n`;
  }
  return result;
}

/** Quotes a value where it needs it, so that Compose and {@link parseEnvFile} read it back unchanged. */
export function quoteEnvValue(value: string): string {
  if (/^[A-Za-z0-9_./:@%+,=~^*-]*$/.test(value)) return value;
  if (!value.includes("'") && !value.includes('\\')) return `'${value}'`;
  return `"${value
    .replace(/[\\"$]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')}"`;
}

function* assignments(text: string, lookup: (name: string) => string | undefined): Generator<Assignment> {
  // PowerShell's `>` writes it, and other programs that read the file would not.
  if (text.startsWith('\ufffd\ufffd') || text.includes('\0'))
    throw new ConfigError('.env', 'text in UTF-8, and this is UTF-16: save it anew as UTF-8');
  if (text.length > MAX_TEXT) throw new ConfigError('.env', `a file of at most ${MAX_TEXT} characters`);
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    let lineEnd = text.indexOf('\n', at);
    if (lineEnd < 0) lineEnd = text.length;
    const line = text.slice(at, lineEnd).trim();
    if (line === '' || line.startsWith('#')) {
      at = lineEnd + 1;
      continue;
    }
    NAME.lastIndex = at;
    const match = NAME.exec(text);
    if (match === null) throw badLine(text, at, 'NAME=value, a comment or empty');
    // `NAME=` and then white space that runs over the line's end must not take the next line for its value.
    const valueStart = NAME.lastIndex;
    const [value, end] = readValue(text, valueStart, lookup);
    yield { name: match[1]!, value, start: at, end };
    const next = text.indexOf('\n', end);
    at = next < 0 ? text.length : next + 1;
  }
}

/** Value and the offset where its assignment ends, a comment behind it not included. */
function readValue(
  text: string,
  start: number,
  lookup: (name: string) => string | undefined,
): [string, number] {
  const quote = text[start];
  if (quote === "'") {
    const close = text.indexOf("'", start + 1);
    if (close < 0) throw badLine(text, start, 'closed by the quote that it opens');
    return [text.slice(start + 1, close), endOfQuoted(text, close + 1)];
  }
  if (quote === '"') return readDoubleQuoted(text, start, lookup);
  let lineEnd = text.indexOf('\n', start);
  if (lineEnd < 0) lineEnd = text.length;
  const raw = text.slice(start, lineEnd);
  const comment = /(?:^|[ \t])#/.exec(raw);
  const value = (comment === null ? raw : raw.slice(0, comment.index)).trimEnd();
  return [interpolate(value, lookup), start + value.length];
}

function readDoubleQuoted(
  text: string,
  start: number,
  lookup: (name: string) => string | undefined,
): [string, number] {
  let value = '';
  let plain = start + 1;
  for (let at = plain; at < text.length; at++) {
    const char = text[at];
    if (char === '"') {
      return [value + interpolate(text.slice(plain, at), lookup), endOfQuoted(text, at + 1)];
    }
    if (char === '\\' && at + 1 < text.length) {
      value += interpolate(text.slice(plain, at), lookup) + (ESCAPES[text[at + 1]!] ?? `\\${text[at + 1]}`);
      at++;
      plain = at + 1;
    }
  }
  throw badLine(text, start, 'closed by the quote that it opens');
}

/** Behind a closing quote only white space and a comment may follow. */
function endOfQuoted(text: string, at: number): number {
  let lineEnd = text.indexOf('\n', at);
  if (lineEnd < 0) lineEnd = text.length;
  const rest = text.slice(at, lineEnd).trim();
  if (rest !== '' && !rest.startsWith('#'))
    throw badLine(text, at, 'nothing but a comment behind the closing quote');
  return at;
}

function interpolate(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}/g,
    (_, name: string, fallback?: string) => {
      const value = lookup(name);
      return value === undefined || value === '' ? (fallback ?? value ?? '') : value;
    },
  );
}

function badLine(text: string, at: number, expected: string): ConfigError {
  const line = text.slice(0, at).split('\n').length;
  return new ConfigError(`.env line ${line}`, expected);
}
