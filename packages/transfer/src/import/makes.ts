const identifier = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const making = new RegExp(
  String.raw`^\s*create\s+(?:or\s+replace\s+)?(?:(?:unlogged|materialized|foreign|event|text\s+search|trusted|procedural)\s+)*\w+\s+(?:(?:class|family|if\s+not\s+exists|configuration|dictionary|parser|template|wrapper|data)\s+)*(?:${identifier}\.)*(${identifier})`,
  'i',
);

/** The name of what a statement makes, without its schema; undefined where it makes nothing. Pure. */
export function madeBy(text: string): string | undefined {
  const found = making.exec(text)?.[1];
  return found?.startsWith('"') ? found.slice(1, -1).replaceAll('""', '"') : found?.toLowerCase();
}
