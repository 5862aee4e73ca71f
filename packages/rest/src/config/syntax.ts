/**
 * The configuration file's syntax: `key = value` bindings, groups, comments, and strings with escapes and interpolation.
 * @see https://docs.postgrest.org/en/stable/references/configuration.html#config-file
 * @see https://hackage.haskell.org/package/configurator-pg
 */
import type { Env } from '@peakstone/kernel/service';
import { TextReader } from './textReader.ts';

export type ConfigValue = string | number | boolean | readonly ConfigValue[];

/** Lists may nest; nothing real goes deeper than one. */
const maxNesting = 16;

/** What is wrong with the file, and where. */
class ConfigSyntaxError extends Error {
  override readonly name = 'ConfigSyntaxError';
}

/**
 * Bindings by full key (`app.settings.name`); the last of a key wins. `$(NAME)` in a string stands for an earlier binding
 * or an environment variable, `$$` for a dollar. Pure.
 * @throws {ConfigSyntaxError} with line and column.
 */
export function parseConfigText(text: string, env: Env): ReadonlyMap<string, ConfigValue> {
  return new Reader(text, env).read();
}

class Reader extends TextReader {
  readonly #env: Env;
  readonly #bindings = new Map<string, ConfigValue>();

  constructor(text: string, env: Env) {
    super(text);
    this.#env = env;
  }

  read(): ReadonlyMap<string, ConfigValue> {
    this.#readBindings('', 0);
    if (this.at < this.text.length) throw this.#error('a key');
    return this.#bindings;
  }

  #readBindings(prefix: string, depth: number): void {
    if (depth > maxNesting) throw this.#error('fewer nested groups');
    for (;;) {
      this.#skipBlank();
      const key = this.take(/[\p{L}\p{N}_.-]+/uy);
      if (key === undefined) return;
      this.#skipBlank();
      if (this.skip('{')) {
        this.#readBindings(`${prefix}${key}.`, depth + 1);
        if (!this.skip('}')) throw this.#error("'}'");
        continue;
      }
      if (!this.skip('=')) throw this.#error("'='");
      this.#skipBlank();
      this.#bindings.set(prefix + key, this.#readValue(0));
    }
  }

  #readValue(depth: number): ConfigValue {
    if (depth > maxNesting) throw this.#error('fewer nested lists');
    if (this.skip('"')) return this.#interpolate(this.#readString());
    if (this.skip('[')) return this.#readList(depth);
    const word = this.take(/(?:true|on)\b|(?:false|off)\b/y);
    if (word !== undefined) return word === 'true' || word === 'on';
    const number = this.take(/[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number !== undefined) return Number(number);
    throw this.#error('a value: a quoted string, a number, true, false or a list');
  }

  #readList(depth: number): ConfigValue {
    const items: ConfigValue[] = [];
    this.#skipBlank();
    while (!this.skip(']')) {
      if (items.length > 0 && !this.skip(',')) throw this.#error("',' or ']'");
      this.#skipBlank();
      items.push(this.#readValue(depth + 1));
      this.#skipBlank();
    }
    return items;
  }

  #readString(): string {
    let value = '';
    for (;;) {
      value += this.take(/[^"\\]+/y) ?? '';
      if (this.skip('"')) return value;
      const escaped = this.take(/\\(?:["\\nrt]|u[0-9a-fA-F]{4})/y);
      if (escaped === undefined)
        throw this.#error('a closing quote, or one of the escapes \\" \\\\ \\n \\r \\t \\uXXXX');
      value += unescapeOne(escaped);
    }
  }

  #interpolate(value: string): string {
    return value.replace(/\$(?:\$|\(([^)]*)\))?/g, (found, name: string | undefined) => {
      if (found === '$$') return '$';
      if (name === undefined) throw this.#error("'$$' or '$(NAME)' for a dollar in a string");
      const bound = this.#bindings.get(name);
      const replacement = bound === undefined ? this.#env[name] : String(bound);
      if (replacement === undefined) throw this.#error(`a value for the variable ${name}`);
      return replacement;
    });
  }

  #skipBlank(): void {
    this.take(/(?:\s+|#[^\n]*)*/y);
  }

  #error(expected: string): ConfigSyntaxError {
    const before = this.text.slice(0, this.at).split('\n');
    return new ConfigSyntaxError(
      `line ${before.length}, column ${before.at(-1)!.length + 1}: expected ${expected}`,
    );
  }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

const unescapeOne = (escaped: string): string => {
  const kind = escaped[1]!;
  return kind === 'u' ? String.fromCharCode(Number.parseInt(escaped.slice(2), 16)) : (escapes[kind] ?? kind);
};
