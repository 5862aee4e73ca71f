/** SVG that is passed on as it is, without what runs or fetches. */
import { type Filter, filterXml } from '../xml/filter.ts';
import { type Attribute, decodeXml, localName } from '../xml/tokens.ts';
import { safeHref } from './href.ts';

const dropped: ReadonlySet<string> = new Set(['script', 'iframe', 'form']);

/** Characters after which what was written becomes bytes. */
const pieceChars = 64 * 1024;
/** How long it works at a time. */
const turnMs = 10;

/**
 * Names are told apart as XML does, by their case: a browser that shows the file as a picture runs nothing, and one that opens
 * it is held by the answer's Content-Security-Policy.
 * @param pause lets others work now and then; what it throws ends the work
 * @throws {XmlError}
 */
export async function sanitizeSvg(file: Buffer, pause: () => Promise<void>): Promise<Buffer> {
  const written: Buffer[] = [];
  let text = '';
  let began = performance.now();
  const filter: Filter = {
    keepsElement: name => !dropped.has(localName(name)),
    keepsAttribute: (element, attribute) => isSafe(localName(element), attribute),
  };
  let pieces = 0;
  for (const piece of filterXml(decodeXml(file), filter)) {
    text += piece;
    if (text.length >= pieceChars) {
      written.push(Buffer.from(text));
      text = '';
    }
    // Also where nothing is written: the clock is asked for every so many pieces.
    if (++pieces % 256 === 0 && performance.now() - began > turnMs) {
      await pause();
      began = performance.now();
    }
  }
  return Buffer.concat([...written, Buffer.from(text)]);
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
