/** Files of a zip archive in memory. Pure. @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
import { inflateRawSync } from 'node:zlib';

const endMark = 0x06054b50;
const entryMark = 0x02014b50;
const endBytes = 22;
const maxFileBytes = 64 * 1024 * 1024;

/** By name. @throws {RangeError} it is no archive */
export function readZip(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let end = bytes.length - endBytes;
  while (end >= 0 && bytes.readUInt32LE(end) !== endMark) end--;
  if (end < 0) throw new RangeError('It is no zip archive');
  const count = bytes.readUInt16LE(end + 10);
  for (let at = bytes.readUInt32LE(end + 16), i = 0; i < count; i++) {
    if (bytes.readUInt32LE(at) !== entryMark) throw new RangeError('The zip archive is damaged');
    const method = bytes.readUInt16LE(at + 10);
    const size = bytes.readUInt32LE(at + 20);
    const [nameBytes, extraBytes, noteBytes] = [28, 30, 32].map(each => bytes.readUInt16LE(at + each));
    const head = bytes.readUInt32LE(at + 42);
    const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes!);
    const start = head + 30 + bytes.readUInt16LE(head + 26) + bytes.readUInt16LE(head + 28);
    const body = bytes.subarray(start, start + size);
    files.set(name, method === 0 ? body : inflateRawSync(body, { maxOutputLength: maxFileBytes }));
    at += 46 + nameBytes! + extraBytes! + noteBytes!;
  }
  return files;
}
