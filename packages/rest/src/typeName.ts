import type { QualifiedName } from '@peakstone/kernel/catalog';

/** `schema.name`, either quoted where needed, a modifier after it left out; undefined for pg_catalog's types. */
export function parseTypeName(text: string): QualifiedName | undefined {
  const match = /^("(?:[^"]|"")+"|[^".(]+)\.("(?:[^"]|"")+"|[^".(]+)(?:\(.*\))?$/.exec(text);
  if (!match) return undefined;
  const unquote = (part: string) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);
  return { schema: unquote(match[1]!), name: unquote(match[2]!) };
}
