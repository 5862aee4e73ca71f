import type { RandomFile } from '../bytes/file.ts';
import { TransferError } from '../errors.ts';

/** No name, statement or list of pg_dump's is longer. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;
const SHORT_BYTES = 65_536;

/**
 * Reads the numbers and texts of an archive one after the other. An integer is a sign byte and, least first, as many bytes
 * as the header says; a text is its length and its bytes, and -1 stands for none.
 * @see https://github.com/postgres/postgres/blob/REL_17_STABLE/src/bin/pg_dump/pg_backup_archiver.c
 */
export class Cursor {
  readonly file: RandomFile;
  at: number;
  /** Bytes of an integer, without its sign. */
  integerBytes = 4;

  constructor(file: RandomFile, at = 0) {
    this.file = file;
    this.at = at;
  }

  async byte(): Promise<number> {
    const [value] = await this.file.view(this.at, 1);
    this.at++;
    return value!;
  }

  async integer(): Promise<number> {
    const bytes = await this.file.view(this.at, this.integerBytes + 1);
    this.at += bytes.length;
    const value = bytes.readUIntLE(1, Math.min(this.integerBytes, 6));
    return bytes[0] === 0 ? value : -value;
  }

  async text(): Promise<string | null> {
    const length = await this.integer();
    if (length < 0) return null;
    if (length > MAX_TEXT_BYTES) throw damaged();
    // Most are short, and in the window already.
    const bytes = await (length <= SHORT_BYTES
      ? this.file.view(this.at, length)
      : this.file.read(this.at, length));
    this.at += length;
    return bytes.toString('utf8');
  }

  /** An offset in the file, least byte first. */
  async offset(bytes: number): Promise<number> {
    const raw = await this.file.view(this.at, bytes);
    let value = 0n;
    for (let index = bytes - 1; index >= 0; index--) value = (value << 8n) | BigInt(raw[index]!);
    this.at += bytes;
    return Number(value);
  }
}

export function damaged(): TransferError {
  return new TransferError('The archive is damaged: its table of contents cannot be read.', {
    hint: 'Copy the file again, in binary mode, or make the dump anew.',
  });
}
