/** JSON whose numbers keep every digit: what JavaScript would round stays as its text (`JSON.rawJSON`). */

/** Of V8, and not in the compiler's library yet. */
interface RawJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
}
const json = JSON as unknown as RawJson;

/** Digits enough to be rounded, a fraction that may be shown otherwise, or an exponent. */
const maybeRounded = /[\d.]{16}|\d[eE][+-]?\d|\d\.\d*0(?!\d)/;

/** @throws {SyntaxError} */
export function parseJson(text: string): unknown {
  if (!maybeRounded.test(text)) return JSON.parse(text);
  return json.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

export function stringifyJson(value: unknown): string {
  return JSON.stringify(value);
}

export function isRawNumber(value: unknown): boolean {
  return typeof value === 'object' && json.isRawJSON(value);
}

/** A number's own digits. */
export function numberText(value: number | object): string {
  return typeof value === 'number' ? String(value) : (value as { readonly rawJSON: string }).rawJSON;
}

/** A number of GraphQL's syntax, which is JSON's. */
export function numberOf(text: string): unknown {
  const value = Number(text);
  return String(value) === text ? value : json.rawJSON(text);
}
