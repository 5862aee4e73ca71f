/** XMP: all but who made a picture and what one may do with it goes. Pure. */
import { filterXml } from '../xml/filter.ts';
import { XmlError } from '../xml/tokens.ts';

/** Of Dublin Core; of the two namespaces that are about rights, everything. */
const kept: ReadonlySet<string> = new Set(['dc:rights', 'dc:contributor', 'dc:creator', 'dc:publisher']);
const isKept = (name: string): boolean => kept.has(name) || /^(?:xmpRights|cc):/.test(name);

/** Depth of properties: `x:xmpmeta`, `rdf:RDF`, `rdf:Description` stand around them. */
const propertyDepth = 3;

/** The packet with what is kept; undefined when that is nothing, or it is no XML. */
export function keepCopyrightOfXmp(packet: Buffer): Buffer | undefined {
  let found = false;
  try {
    const pieces = filterXml(packet.toString().replace(/\0+$/, ''), {
      keepsElement(name, depth) {
        if (depth !== propertyDepth) return true;
        found ||= isKept(name);
        return isKept(name);
      },
      keepsAttribute(element, { name }) {
        if (element !== 'rdf:Description' || /^(?:xmlns|rdf)\b/.test(name)) return true;
        found ||= isKept(name);
        return isKept(name);
      },
    });
    const text = [...pieces].join('');
    return found ? Buffer.from(text) : undefined;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
