/** A string literal of TypeScript. */
export function quote(text: string): string {
  // JSON allows two line separators that older readers of source files do not.
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A property's name, quoted where it must be. */
export function property(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : quote(name);
}
