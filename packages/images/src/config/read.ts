/** Readers of settings as the reference reads them. A wrong value stops the start. Pure but for files that settings name. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { type Format, formatByName } from '../formats.ts';

/** The first of the names that is set: new names stand before old ones. */
export type Names = string | readonly [string, ...string[]];

function find(env: Env, names: Names): { readonly name: string; readonly text: string } | undefined {
  for (const short of typeof names === 'string' ? [names] : names) {
    const name = short.startsWith('AWS_') || short === 'PORT' ? short : `IMGPROXY_${short}`;
    const text = env[name];
    if (text !== undefined && text.trim() !== '') return { name, text };
  }
  return undefined;
}

export function read<Value>(
  env: Env,
  names: Names,
  fallback: Value,
  expected: string,
  parse: (text: string) => Value | undefined,
): Value {
  const found = find(env, names);
  if (found === undefined) return fallback;
  const value = parse(found.text);
  if (value === undefined) throw new ConfigError(found.name, expected, { got: found.text });
  return value;
}

export const text = (env: Env, names: Names, fallback = ''): string => find(env, names)?.text ?? fallback;

export const flag = (env: Env, names: Names, fallback = false): boolean =>
  read(env, names, fallback, 'true or false', value => {
    if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
    return /^(?:0|f|F|FALSE|false|False)$/.test(value) ? false : undefined;
  });

export interface Bounds {
  readonly least?: number;
  readonly most?: number;
}

function within(value: number, { least = 0, most = Number.MAX_SAFE_INTEGER }: Bounds): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

function bounded(what: string, { least = 0, most }: Bounds): string {
  return most === undefined ? `${what} of at least ${least}` : `${what} from ${least} to ${most}`;
}

export const whole = (env: Env, names: Names, fallback: number, bounds: Bounds = {}): number =>
  read(env, names, fallback, bounded('a whole number', bounds), value =>
    /^[+-]?\d{1,15}$/.test(value) ? within(Number(value), bounds) : undefined,
  );

export const decimal = (env: Env, names: Names, fallback: number, bounds: Bounds = {}): number =>
  read(env, names, fallback, bounded('a number', bounds), value =>
    /^\d{1,15}(?:\.\d{0,15})?$/.test(value) ? within(Number(value), bounds) : undefined,
  );

/** Whole seconds, as milliseconds. */
export const seconds = (env: Env, names: Names, fallback: number, bounds: Bounds = {}): number =>
  whole(env, names, fallback, bounds) * 1000;

/** Megapixels, as pixels. */
export const megapixels = (env: Env, names: Names, fallback: number): number =>
  Math.trunc(decimal(env, names, fallback) * 1_000_000);

/** Entries between separators, trimmed. */
export const list = (env: Env, names: Names, separator = ','): readonly string[] => {
  const found = find(env, names);
  return found === undefined ? [] : found.text.split(separator).map(each => each.trim());
};

export const hexes = (env: Env, name: string): readonly Buffer[] =>
  list(env, name).map(each => {
    // A secret: what it is is not repeated.
    if (!/^(?:[0-9a-fA-F]{2})*$/.test(each)) {
      throw new ConfigError(
        `IMGPROXY_${name}`,
        'pairs of hexadecimal digits, several ones separated by commas',
      );
    }
    return Buffer.from(each, 'hex');
  });

export const formatsOf = (env: Env, name: string, fallback: readonly Format[]): readonly Format[] =>
  read(env, name, fallback, 'names of formats separated by commas', value => {
    const found = value.split(',').map(each => formatByName(each.trim()));
    return found.every(each => each !== undefined) ? found : undefined;
  });

export const qualities = (
  env: Env,
  name: string,
  fallback: Readonly<Partial<Record<Format, number>>>,
): Readonly<Partial<Record<Format, number>>> =>
  read(env, name, fallback, 'pairs such as jpg=80,webp=79', value => {
    const pairs = value.split(',').map(each => /^\s*(\w+)\s*=\s*(\d{1,3})\s*$/.exec(each));
    const result: Partial<Record<Format, number>> = { ...fallback };
    for (const pair of pairs) {
      const format = formatByName(pair?.[1] ?? '');
      const quality = Number(pair?.[2]);
      if (format === undefined || !(quality >= 1 && quality <= 100)) return undefined;
      result[format] = quality;
    }
    return result;
  });

export const word = <const Word extends string>(
  env: Env,
  name: string,
  words: readonly Word[],
  fallback: NoInfer<Word>,
): Word =>
  read(env, name, fallback, `one of ${words.join(', ')}`, value =>
    words.find(each => each === value.toLowerCase()),
  );

export const webUrl = (env: Env, name: string): URL | null =>
  read<URL | null>(env, name, null, 'a URL that begins with http:// or https://', value => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
  });

/** The bytes of a file that a setting names; null without one. */
export const fileOf = (env: Env, name: string): Buffer | null =>
  read<Buffer | null>(env, name, null, 'the path of a readable file', value => {
    try {
      return readFileSync(value);
    } catch {
      return undefined;
    }
  });

/** Prefixes with `*` for anything but a slash. */
export function prefixPattern(pattern: string): RegExp {
  const parts = pattern.split('*').map(part => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  return new RegExp(`^${parts.join('([^/]*)')}`);
}
