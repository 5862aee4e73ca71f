/** Names as they stand in SQL. */

/** One name, quoted or not. */
export const NAME = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`;
/** A name, with its schema or without. */
export const QUALIFIED = String.raw`${NAME}(?:\s*\.\s*${NAME})?`;

/** Pure. @example unquoteName('"Audit Log"') // Audit Log */
export function unquoteName(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.toLowerCase();
}

/** An object's name; `schema` is empty where the statement leaves it to the search path. */
export interface ObjectName {
  readonly schema: string;
  readonly name: string;
}

/** Pure. @example readQualified('public."Audit Log"') // { schema: 'public', name: 'Audit Log' } */
export function readQualified(text: string): ObjectName {
  const parts = text.match(new RegExp(NAME, 'g')) ?? [''];
  const names = parts.map(unquoteName);
  return names.length > 1 ? { schema: names[0]!, name: names[1]! } : { schema: '', name: names[0]! };
}

/** For people: as one would write it. Pure. */
export function showName({ schema, name }: ObjectName): string {
  return schema === '' ? name : `${schema}.${name}`;
}

/** Names separated by commas, as in a list of roles; `group` and what is no name is left out. Pure. */
export function readNames(text: string): string[] {
  return (text.match(new RegExp(NAME, 'g')) ?? []).map(unquoteName);
}
