/** A reader of the tar streams that PostgreSQL sends. @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html */
import { BackupError } from '../errors.ts';
import { ByteReader } from './byteReader.ts';

const blockBytes = 512;

export interface TarEntry {
  /** Relative, with `/` between; leads nowhere but below. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly size: number;
  /** Of a file: to be read to its end before the next entry is asked for. */
  readonly body: ByteReader;
}

/** @throws {BackupError} CORRUPT where it is no such stream */
export async function* readTar(chunks: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const reader = new ByteReader(chunks);
  for (;;) {
    const header = await reader.read(blockBytes);
    // Two blocks of zeros end it; PostgreSQL leaves them to whoever writes the file.
    if (header === undefined || header.every(byte => byte === 0)) break;
    const { path, type, size } = parseHeader(header);
    if (type === 'link')
      throw new BackupError(
        'SERVER',
        `The backup holds a link, ${path}, as of a tablespace.`,
        'Restore it by PostgreSQL’s own tools.',
      );
    yield { path, kind: type, size, body: reader.part(size) };
    await reader.skip(reader.left);
    reader.whole();
    await reader.skip((blockBytes - (size % blockBytes)) % blockBytes);
  }
  await reader.drain();
}

function parseHeader(header: Buffer): { path: string; type: 'file' | 'folder' | 'link'; size: number } {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  if (octal(header, 148, 8) !== sum) throw malformed('a header’s checksum is wrong');
  const name = text(header, 0, 100);
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : '';
  const path = (prefix === '' ? name : `${prefix}/${name}`).replace(/^\.\//, '').replace(/\/+$/, '');
  if (path.startsWith('/') || path.split('/').includes('..') || path.includes('\0'))
    throw malformed(`it holds the path ${path}`);
  const flag = String.fromCharCode(header[156]!);
  const type =
    flag === '0' || flag === '\0' ? 'file' : flag === '5' ? 'folder' : flag === '2' ? 'link' : undefined;
  if (type === undefined) throw malformed(`it holds an entry of type ${flag}`);
  return { path, type, size: type === 'file' ? sizeOf(header) : 0 };
}

/** Octal digits, or for what is too large for them, 256-based with the highest bit set. */
function sizeOf(header: Buffer): number {
  const size = header[124]! & 0x80 ? Number(header.readBigUInt64BE(128)) : octal(header, 124, 12);
  if (!Number.isSafeInteger(size) || size < 0) throw malformed('a size is wrong');
  return size;
}

function octal(header: Buffer, at: number, length: number): number {
  const digits = text(header, at, length).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN;
}

function text(header: Buffer, at: number, length: number): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? length : end);
}

function malformed(why: string): BackupError {
  return new BackupError(
    'CORRUPT',
    `The stored files are not a backup’s: ${why}.`,
    'Restore from another one.',
  );
}
