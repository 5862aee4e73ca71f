/**
 * The environment as Dokploy holds it, which is read twice: dotenv takes one pair of quotes off, and what is left is written
 * behind `NAME=` into the file that Compose reads, where a dollar sign begins a variable's name. So what Compose must have in
 * quotes stands in two pairs of them. Pure.
 * @see https://github.com/motdotla/dotenv#what-rules-does-the-parsing-engine-follow
 */
import { ConfigError, parseEnvFile, quoteEnvValue } from '@peakstone/kernel/config';

/** One assignment, its value in any of dotenv's three quotes, over several lines where it is quoted, or bare. */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?([\w.-]+)(?:[ \t]*=[ \t]*?|:[ \t]+?)([ \t]*'(?:\\'|[^'])*'|[ \t]*"(?:\\"|[^"])*"|[ \t]*`(?:\\`|[^`])*`|[^#\r\n]*)?/gm;

/** What containers get of it. @throws {ConfigError} naming a variable that Compose could not read */
export function readStored(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [, name = '', stored = ''] of text.replace(/\r\n?/g, '\n').matchAll(ASSIGNMENT)) {
    values[name] = asCompose(name, asDotenv(stored.trim()));
  }
  return values;
}

/**
 * How a value stands behind `NAME=`, so that {@link readStored} gives it back.
 * @throws {ConfigError} it holds every kind of quote
 */
export function storeValue(name: string, value: string): string {
  const inner = quoteEnvValue(value);
  if (inner === value) return value;
  // Of double quotes dotenv takes \n and \r for line ends.
  const quote = ["'", '`', '"'].find(
    each => !inner.includes(each) && !(each === '"' && inner.includes('\\')),
  );
  if (quote !== undefined) return `${quote}${inner}${quote}`;
  throw new ConfigError(name, 'a value without one of the three quotes \' " `', {
    hint: 'Dokploy cannot hold one with all of them: choose another.',
  });
}

function asDotenv(text: string): string {
  const quoted = /^(['"`])([\s\S]*)\1$/.exec(text);
  if (!quoted) return text;
  const [, quote, value = ''] = quoted;
  return quote === '"' ? value.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : value;
}

function asCompose(name: string, text: string): string {
  // Bare names stand for variables, which nobody sets.
  const bare = text.startsWith("'") ? text : text.replace(/(?<!\\)\$[A-Za-z_]\w*/g, '');
  return parseEnvFile(`${name.replace(/\W/g, '_')}=${bare}`)[name.replace(/\W/g, '_')] ?? '';
}
