/** SVG that is passed on as it is, without what runs or fetches. Pure. */
import { filterXml } from '../xml/filter.ts';
import { type Attribute, decodeXml, localName } from '../xml/tokens.ts';
import { safeHref } from './href.ts';

const dropped: ReadonlySet<string> = new Set(['script', 'iframe', 'form']);

/**
 * Names are told apart as XML does, by their case: a browser that shows the file as a picture runs nothing, and one that opens
 * it is held by the answer's Content-Security-Policy.
 * @throws {XmlError}
 */
export function sanitizeSvg(file: Buffer): Buffer {
  const text = filterXml(decodeXml(file), {
    keepsElement: name => !dropped.has(localName(name)),
    keepsAttribute: (element, attribute) => isSafe(localName(element), attribute),
  });
  return Buffer.from(text);
}

function isSafe(element: string, { name, value }: Attribute): boolean {
  const local = localName(name);
  // Handlers of events, those to come included.
  if (/^on[a-z]+$/.test(local)) return false;
  if (local !== 'href') return true;
  // `use` would draw another document's content as if it were this one's.
  if (element === 'use') return value === '' || value.startsWith('#');
  return safeHref(value, element === 'image');
}
