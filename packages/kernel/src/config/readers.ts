/**
 * Typed readers over environment variables. All pure. An empty variable counts as absent, as in Compose files.
 * Without `default` an absent variable is an error; `default: undefined` makes it optional.
 */
import type { Env } from '../service.ts';
import { ConfigError } from './errors.ts';

/** What every reader takes. */
export interface ReadOptions<Default> {
  readonly default?: Default;
  /** What to do about it, for the error message. */
  readonly hint?: string;
}

type Parse<Value> = (text: string, fail: (expected: string, quiet?: boolean) => never) => Value;

function read<Value, Default>(
  env: Env,
  name: string,
  expected: string,
  options: ReadOptions<Default>,
  parse: Parse<Value>,
): Value | Default {
  const text = env[name];
  const hint = options.hint === undefined ? {} : { hint: options.hint };
  if (text === undefined || text === '') {
    if ('default' in options) return options.default as Default;
    throw new ConfigError(name, `set: ${expected}`, hint);
  }
  return parse(text, (shape, quiet = false) => {
    throw new ConfigError(name, shape, quiet ? hint : { got: text, ...hint });
  });
}

/** Any text. */
export function readString<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> = {},
): string | Default {
  return read(env, name, 'text', options, text => text);
}

/** A whole number within bounds, both included. */
export function readInt<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> & { readonly min?: number; readonly max?: number } = {},
): number | Default {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = options;
  const bounds =
    options.min !== undefined && options.max !== undefined
      ? ` from ${min} to ${max}`
      : options.min !== undefined
        ? ` of at least ${min}`
        : options.max !== undefined
          ? ` of at most ${max}`
          : '';
  const expected = `a whole number${bounds}`;
  return read(env, name, expected, options, (text, fail) => {
    const value = /^[+-]?\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) && value >= min && value <= max ? value : fail(expected);
  });
}

/** A TCP port, 0 for any free one. */
export function readPort<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> = {},
): number | Default {
  return readInt(env, name, { ...options, min: 0, max: 65_535 });
}

/** A boolean as PostgREST reads it: `true`/`false` in any case, also within quotes, or a whole number, true above 0. */
export function readBoolean<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> = {},
): boolean | Default {
  const expected = 'true or false';
  return read(env, name, expected, options, (text, fail) => {
    const word = text.replace(/[^A-Za-z]/g, '').toLowerCase();
    if (word === 'true') return true;
    if (word === 'false') return false;
    return /^\s*-?\d{1,16}\s*$/.test(text) ? Number(text) > 0 : fail(expected);
  });
}

/** One of the given words, in their exact spelling. */
export function readEnum<const Word extends string, Default = never>(
  env: Env,
  name: string,
  words: readonly Word[],
  options: ReadOptions<Default> = {},
): Word | Default {
  const expected = `one of ${words.join(', ')}`;
  return read(
    env,
    name,
    expected,
    options,
    (text, fail) => words.find(word => word === text) ?? fail(expected),
  );
}

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration in milliseconds from `500ms`, `30s`, `5m`, `1h`, `7d`; a bare number counts in `unit` (default seconds). */
export function readDuration<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> & { readonly unit?: keyof typeof DURATION_MS } = {},
): number | Default {
  const { unit = 's' } = options;
  const expected = `a duration such as 500ms, 30s, 5m, 1h or 7d (a bare number counts ${unit})`;
  return read(env, name, expected, options, (text, fail) => {
    const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/.exec(text.trim());
    if (match === null) return fail(expected);
    return Math.round(
      Number(match[1]) * DURATION_MS[(match[2] as keyof typeof DURATION_MS | undefined) ?? unit],
    );
  });
}

const SIZE_POWERS = { '': 0, k: 1, m: 2, g: 3, t: 4 } as const;

/** A size in bytes from `1024`, `64kB`, `10MB`, `1GiB`; multiples of 1024, as in PostgreSQL. */
export function readSize<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> = {},
): number | Default {
  const expected = 'a size such as 65536, 64kB, 10MB or 1GB';
  return read(env, name, expected, options, (text, fail) => {
    const match = /^(\d{1,12}(?:\.\d{1,3})?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
    if (match === null) return fail(expected);
    const bytes = Math.round(
      Number(match[1]) * 1024 ** SIZE_POWERS[match[2]!.toLowerCase() as keyof typeof SIZE_POWERS],
    );
    return Number.isSafeInteger(bytes) ? bytes : fail(expected);
  });
}

/** Entries separated by commas, trimmed, empty ones left out. */
export function readList<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> = {},
): readonly string[] | Default {
  return read(env, name, 'entries separated by commas', options, text =>
    text
      .split(',')
      .map(entry => entry.trim())
      .filter(entry => entry !== ''),
  );
}

/** An absolute URL with one of the given protocols (without colon). Never repeated in errors: it may hold a password. */
export function readUrl<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> & { readonly protocols?: readonly string[] } = {},
): URL | Default {
  const { protocols = ['http', 'https'] } = options;
  const expected = `a URL that begins with ${protocols.map(protocol => `${protocol}://`).join(' or ')}`;
  return read(env, name, expected, options, (text, fail) => {
    const url = URL.parse(text);
    return url !== null && protocols.includes(url.protocol.slice(0, -1)) ? url : fail(expected, true);
  });
}

/** Text that is never repeated in errors, of at least `minLength` characters (default 1). */
export function readSecret<Default = never>(
  env: Env,
  name: string,
  options: ReadOptions<Default> & {
    readonly minLength?: number;
    readonly pattern?: RegExp;
    readonly expected?: string;
  } = {},
): string | Default {
  const { minLength = 1, pattern } = options;
  const expected =
    options.expected ?? `a secret of at least ${minLength} character${minLength === 1 ? '' : 's'}`;
  return read(env, name, expected, options, (text, fail) =>
    text.length >= minLength && (pattern === undefined || pattern.test(text)) ? text : fail(expected, true),
  );
}
