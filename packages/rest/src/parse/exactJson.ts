/** JSON taken apart and put together again without touching its numbers. */

/** What `JSON.parse` gives, with numbers that JavaScript would round kept as their text. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject | RawNumber;
export interface JsonObject {
  readonly [name: string]: Json;
}
type RawNumber = { readonly rawJSON: string };

/** Both are in Node 24, and not yet in TypeScript's library. @see https://tc39.es/proposal-json-parse-with-source/ */
interface JsonWithSource {
  parse(
    text: string,
    reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): boolean;
}
const withSource = JSON as unknown as JsonWithSource;

/** @returns undefined when it is no JSON. */
export function parseExact(text: string): Json | undefined {
  try {
    return withSource.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && String(value) !== source
        ? withSource.rawJSON(source)
        : value,
    ) as Json;
  } catch (error) {
    // Deep nesting overflows the reviver's stack as a RangeError: to the client it is the same.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !withSource.isRawJSON(value);
}
