/** XML without some of its elements and attributes. Pure. */
import { type Attribute, readTokens, writeTag, XmlError } from './tokens.ts';

export interface Filter {
  /** Whether an element stays, with all that is in it. */
  readonly keepsElement: (name: string, depth: number) => boolean;
  readonly keepsAttribute: (element: string, attribute: Attribute) => boolean;
}

/** @throws {XmlError} it is no XML, or its tags do not match */
export function filterXml(text: string, { keepsElement, keepsAttribute }: Filter): string {
  const written: string[] = [];
  const open: string[] = [];
  /** Elements that are open in one that goes, itself included. */
  let dropped = 0;
  /** Whether the last start tag still lacks its end: nothing is in it yet. */
  let bare = false;
  const write = (piece: string): void => {
    if (bare) written.push('>');
    bare = false;
    written.push(piece);
  };
  for (const token of readTokens(text)) {
    if (token.kind === 'other') {
      if (dropped === 0) write(token.text);
    } else if (token.kind === 'start') {
      const { name, attributes, empty } = token;
      const keeps = dropped === 0 && keepsElement(name, open.length);
      if (keeps) {
        write(
          writeTag(
            name,
            attributes.filter(attribute => keepsAttribute(name, attribute)),
          ),
        );
        if (empty) written.push('/>');
        else bare = true;
      }
      if (empty) continue;
      open.push(name);
      if (!keeps) dropped++;
    } else {
      if (open.pop() !== token.name) throw new XmlError(`</${token.name}> closes nothing`);
      if (dropped > 0) dropped--;
      else if (bare) {
        written.push('/>');
        bare = false;
      } else written.push(`</${token.name}>`);
    }
  }
  // What is not closed is closed, but for what is gone.
  for (const name of open.slice(0, open.length - dropped).reverse()) {
    written.push(bare ? '/>' : `</${name}>`);
    bare = false;
  }
  return written.join('');
}
