/**
 * The XML that clients send: elements, text, attributes, the five entities and character references. No DTD and so no
 * entities of the document's own, and bounds on depth and on the number of elements. Pure.
 */
import { S3Error } from '../errors/s3Error.ts';

export interface XmlNode {
  /** Without a prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
  /** What stands directly in it, entities resolved. */
  readonly text: string;
}

const maxDepth = 12;
const maxNodes = 50_000;

const declaration = /^\uFEFF?\s*(?:<\?xml[^>]*\?>)?\s*/;
const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?][^\s<>/]*)((?:\s+[^\s<>=/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const attribute = /([^\s<>=/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

interface Open {
  name: string;
  qualified: string;
  attributes: Record<string, string>;
  children: XmlNode[];
  text: string;
}

/**
 * @param rootNames what the document may be; absent: any
 * @throws {S3Error} MalformedXML
 */
export function parseXml(body: Buffer, ...rootNames: string[]): XmlNode {
  const text = body.toString('utf8');
  token.lastIndex = declaration.exec(text)![0].length;
  const top: Open = { name: '', qualified: '', attributes: {}, children: [], text: '' };
  const stack: Open[] = [top];
  let nodes = 0;
  while (token.lastIndex < text.length) {
    const match = token.exec(text);
    if (match === null) throw malformed();
    const [whole, cdata, closes, opens, attributes, selfCloses, characters] = match;
    const current = stack[stack.length - 1]!;
    if (characters !== undefined) current.text += resolve(characters);
    else if (cdata !== undefined) current.text += cdata;
    else if (closes !== undefined) {
      if (stack.length === 1 || current.qualified !== closes) throw malformed();
      stack.pop();
      stack[stack.length - 1]!.children.push(current);
    } else if (opens !== undefined) {
      if (++nodes > maxNodes || stack.length > maxDepth) throw malformed();
      if (stack.length === 1 && top.children.length > 0) throw malformed();
      const node: Open = {
        name: localName(opens),
        qualified: opens,
        attributes: readAttributes(attributes ?? ''),
        children: [],
        text: '',
      };
      if (selfCloses) current.children.push(node);
      else stack.push(node);
    } else if (!whole.startsWith('<!--')) throw malformed();
  }
  const root = top.children[0];
  if (stack.length !== 1 || root === undefined || top.text.trim() !== '') throw malformed();
  if (rootNames.length > 0 && !rootNames.includes(root.name)) throw malformed();
  return root;
}

/** The first child of that name. */
export function childOf(node: XmlNode, name: string): XmlNode | undefined {
  return node.children.find(child => child.name === name);
}

export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter(child => child.name === name);
}

/** Trimmed text of the first child of that name. */
export function textOf(node: XmlNode, name: string): string | undefined {
  return childOf(node, name)?.text.trim();
}

export function malformed(message?: string): S3Error {
  return new S3Error('MalformedXML', message === undefined ? {} : { message });
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function readAttributes(text: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const [, name, double, single] of text.matchAll(attribute)) {
    found[localName(name!)] = resolve(double ?? single ?? '');
  }
  return found;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function resolve(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&([^;&]{0,12})(;?)/g, (_whole, name: string, end: string) => {
    const value = named[name] ?? reference(name);
    if (end === '' || value === undefined) throw malformed();
    return value;
  });
}

function reference(name: string): string | undefined {
  const match = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(name);
  if (match === null) return undefined;
  const code = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
    ? String.fromCodePoint(code)
    : undefined;
}
