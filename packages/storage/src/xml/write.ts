/** XML documents as S3 writes them. Pure. */

const special = /[&<>"\u0000-\u001f\ufffe\uffff]/g;
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;' };

/**
 * Text between tags. Control characters, which XML 1.0 has no place for, are written as references all the same, since
 * a key may hold them and clients read them so.
 */
export function escapeXml(text: string): string {
  return text.replace(special, character =>
    character === '\n' || character === '\t'
      ? `&#${character.charCodeAt(0)};`
      : (entities[character] ?? `&#x${character.charCodeAt(0).toString(16)};`),
  );
}

class Element {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** One element; `undefined` among its content leaves nothing. @example element('Key', 'a&b') // <Key>a&amp;b</Key> */
export function element(
  name: string,
  content: ElementContent = '',
  attributes: Readonly<Record<string, string>> = {},
): Element {
  let head = name;
  for (const [key, value] of Object.entries(attributes)) head += ` ${key}="${escapeXml(value)}"`;
  return new Element(`<${head}>${render(content)}</${name}>`);
}

export type ElementContent = string | number | boolean | Element | undefined | readonly ElementContent[];

function render(content: ElementContent): string {
  if (content === undefined) return '';
  if (content instanceof Element) return content.text;
  if (typeof content === 'object') {
    let text = '';
    for (const part of content) text += render(part);
    return text;
  }
  return escapeXml(String(content));
}

/** Nothing where the value is absent. */
export function optional(name: string, content: ElementContent): Element | undefined {
  return content === undefined ? undefined : element(name, content);
}

const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A whole document in S3's namespace. */
export function document(name: string, content: ElementContent, xmlns: string = namespace): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(name, content, xmlns === '' ? {} : { xmlns }).text}`;
}

/** Times as S3 writes them in documents. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
export type { Element };
