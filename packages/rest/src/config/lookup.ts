/** Finds one setting among its sources and coerces it as the reference does. */
import type { Env } from '@peakstone/kernel/service';
import { ConfigError } from './error.ts';
import type { ConfigValue } from './syntax.ts';

/** Where settings come from; the database's win over the environment's, and those over the file's. */
export interface ConfigSources {
  readonly file: ReadonlyMap<string, ConfigValue>;
  readonly env: Env;
  /** By name with underscores and without prefix, such as `db_schemas`. */
  readonly database: ReadonlyMap<string, string>;
}

/** The name of a setting's environment variable. */
const envName = (key: string): string => `PGRST_${key.toUpperCase().replaceAll('-', '_')}`;

/** Reads settings by key; a key may have an older alias, tried second. */
export class Lookup {
  readonly #sources: ConfigSources;

  constructor(sources: ConfigSources) {
    this.#sources = sources;
  }

  #raw(key: string): ConfigValue | undefined {
    return (
      this.#sources.database.get(key.replaceAll('-', '_')) ??
      this.#sources.env[envName(key)] ??
      this.#sources.file.get(key)
    );
  }

  /** Text, even when empty. */
  textOrEmpty(key: string): string | undefined {
    const value = this.#raw(key);
    return value === undefined ? undefined : coerceText(value);
  }

  /** Text; empty counts as not set. */
  text(key: string, alias?: string): string | undefined {
    return this.textOrEmpty(key) || (alias === undefined ? undefined : this.text(alias));
  }

  /** A whole number; anything else counts as not set. */
  int(key: string, alias?: string): number | undefined {
    return coerceInt(this.#raw(key)) ?? (alias === undefined ? undefined : this.int(alias));
  }

  /** A truth value, also from text and numbers; anything else counts as not set. */
  bool(key: string, alias?: string): boolean | undefined {
    return coerceBool(this.#raw(key)) ?? (alias === undefined ? undefined : this.bool(alias));
  }

  /** @throws {ConfigError} `message` when the text is not one of `choices`. */
  choice<T extends string>(key: string, choices: readonly T[], message: string): T | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const choice = choices.find(item => item === value);
    if (choice === undefined) throw new ConfigError(message);
    return choice;
  }

  /** Items between commas, trimmed. */
  list(key: string, alias?: string): readonly string[] | undefined {
    const value = this.text(key, alias);
    return value === undefined ? undefined : splitOnCommas(value);
  }
}

/** Items between commas, trimmed. */
export const splitOnCommas = (text: string): readonly string[] => text.split(',').map(item => item.trim());

/** Other types than text are shown in the reference's notation, so that a mistake can be seen in the dump. */
export function coerceText(value: ConfigValue): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
      return value ? 'Bool True' : 'Bool False';
    case 'number':
      return `Number ${Number.isInteger(value) ? value.toFixed(1) : value}`;
    default:
      return `List [${value.map(coerceText).join(',')}]`;
  }
}

function coerceInt(value: ConfigValue | undefined): number | undefined {
  const number = typeof value === 'string' && /^\s*-?\d{1,15}\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function coerceBool(value: ConfigValue | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const letters = value.replace(/[^\p{L}]/gu, '').toLowerCase();
  if (letters === 'true' || letters === 'false') return letters === 'true';
  return /^\s*-?\d+\s*$/.test(value) ? Number(value) > 0 : undefined;
}
