/** XML without some of its elements and attributes. Pure. */
import { type Attribute, readTokens, writeTag, XmlError } from './tokens.ts';

export interface Filter {
  /** Whether an element stays, with all that is in it. */
  readonly keepsElement: (name: string, depth: number) => boolean;
  readonly keepsAttribute: (element: string, attribute: Attribute) => boolean;
}

/** Elements in elements that are read: what stands deeper is written by nobody. */
const maxDepth = 250_000;

/** The text in pieces, one a token (an empty one for what goes), so that who takes them can rest between. @throws {XmlError} it is no XML, or its tags do not match */
export function* filterXml(text: string, { keepsElement, keepsAttribute }: Filter): Generator<string> {
  const open: string[] = [];
  /** Elements that are open in one that goes, itself included. */
  let dropped = 0;
  /** Whether the last start tag still lacks its end: nothing is in it yet. */
  let bare = false;
  for (const token of readTokens(text)) {
    if (token.kind === 'other') {
      if (dropped > 0) {
        yield '';
      } else {
        yield bare ? `>${token.text}` : token.text;
        bare = false;
      }
    } else if (token.kind === 'start') {
      const { name, attributes, empty } = token;
      const keeps = dropped === 0 && keepsElement(name, open.length);
      if (keeps) {
        const kept = attributes.filter(attribute => keepsAttribute(name, attribute));
        yield `${bare ? '>' : ''}${writeTag(name, kept)}${empty ? '/>' : ''}`;
        bare = !empty;
      } else {
        yield '';
      }
      if (empty) continue;
      if (open.push(name) > maxDepth) throw new XmlError(`More than ${maxDepth} elements in one another`);
      if (!keeps) dropped++;
    } else {
      if (open.pop() !== token.name) throw new XmlError(`</${token.name}> closes nothing`);
      if (dropped > 0) {
        dropped--;
        yield '';
      } else {
        yield bare ? '/>' : `</${token.name}>`;
        bare = false;
      }
    }
  }
  // What is not closed is closed, but for what is gone.
  for (const name of open.slice(0, open.length - dropped).reverse()) {
    yield bare ? '/>' : `</${name}>`;
    bare = false;
  }
}
