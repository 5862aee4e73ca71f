/** IPTC as JPEG carries it, in Photoshop's resource blocks: all but who made a picture and whose it is goes. Pure. */

const IPTC_RESOURCE = 0x0404;
/** By-line, credit and copyright notice of the application record. */
const kept: ReadonlySet<number> = new Set([80, 110, 116]);
const APPLICATION_RECORD = 2;
const HEADER = 'Photoshop 3.0\0';

/** The blocks with what is kept; undefined when that is nothing. */
export function keepCopyrightOfIptc(data: Buffer): Buffer | undefined {
  const records = findRecords(data);
  if (records === undefined) return undefined;
  const filtered = filterRecords(records);
  if (filtered.length === 0) return undefined;
  const block = Buffer.alloc(12);
  block.write('8BIM', 'latin1');
  block.writeUInt16BE(IPTC_RESOURCE, 4);
  block.writeUInt32BE(filtered.length, 8);
  const padding = Buffer.alloc(filtered.length % 2);
  return Buffer.concat([Buffer.from(HEADER, 'latin1'), block, filtered, padding]);
}

function findRecords(data: Buffer): Buffer | undefined {
  let at = data.toString('latin1', 0, HEADER.length) === HEADER ? HEADER.length : 0;
  while (at + 12 <= data.length && data.toString('latin1', at, at + 4) === '8BIM') {
    const id = data.readUInt16BE(at + 4);
    // A name of even length with its own count stands before the size.
    const name = data[at + 6]! + 1;
    const sizeAt = at + 6 + name + (name % 2);
    if (sizeAt + 4 > data.length) return undefined;
    const size = data.readUInt32BE(sizeAt);
    const begin = sizeAt + 4;
    if (begin + size > data.length) return undefined;
    if (id === IPTC_RESOURCE) return data.subarray(begin, begin + size);
    at = begin + size + (size % 2);
  }
  return undefined;
}

function filterRecords(records: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  let any = false;
  while (at + 5 <= records.length && records[at] === 0x1c) {
    const [record, dataset] = [records[at + 1]!, records[at + 2]!];
    const size = records.readUInt16BE(at + 3);
    // Larger ones say how long their length is; no text that is kept is that long.
    if (size > 0x7fff || at + 5 + size > records.length) break;
    if (record !== APPLICATION_RECORD || kept.has(dataset)) {
      pieces.push(records.subarray(at, at + 5 + size));
      any ||= record === APPLICATION_RECORD;
    }
    at += 5 + size;
  }
  return any ? Buffer.concat(pieces) : Buffer.alloc(0);
}
