/** Writes one blob's file. */
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { BlobFolder } from './folder.ts';
import { crcBytes, unitBytes, unitSeed } from './layout.ts';
import type { UnitCipher } from './seal.ts';

/** Bytes that all writers together gather before they write: many take smaller steps. */
const maxGatheredBytes = 32 * 1024 * 1024;
const mostUnits = 8;
let writers = 0;

export class BlobWriter {
  readonly id: string;
  readonly #folder: BlobFolder;
  readonly #file: FileHandle;
  readonly #cipher: UnitCipher | undefined;
  /** Plain bytes of the unit that is not full yet. */
  #unit: Buffer[] = [];
  #unitLength = 0;
  #unitCount = 0;
  /** Of the unit that is not full yet, unless it is sealed. */
  #crc: number;
  #gathered: Buffer[] = [];
  #gatheredUnits = 0;
  #size = 0;
  #open = true;

  private constructor(id: string, folder: BlobFolder, file: FileHandle, cipher: UnitCipher | undefined) {
    this.id = id;
    this.#folder = folder;
    this.#file = file;
    this.#cipher = cipher;
    this.#crc = unitSeed(id, 0);
    writers++;
  }

  static async create(folder: BlobFolder, id: string, cipher: UnitCipher | undefined): Promise<BlobWriter> {
    return new BlobWriter(id, folder, await folder.create(id), cipher);
  }

  get size(): number {
    return this.#size;
  }

  /** Takes the chunk over: it must not be changed afterwards. */
  async write(chunk: Buffer): Promise<void> {
    this.#size += chunk.length;
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + unitBytes - this.#unitLength);
      this.#unit.push(piece);
      this.#unitLength += piece.length;
      if (this.#cipher === undefined) this.#crc = crc32(piece, this.#crc);
      if (this.#unitLength === unitBytes) this.#endUnit();
      at += piece.length;
    }
    if (
      this.#gatheredUnits >=
      Math.max(1, Math.min(mostUnits, Math.floor(maxGatheredBytes / unitBytes / writers)))
    )
      await this.#flush();
  }

  /** Everything is durable when it resolves: bytes, and the file's entry in its folder. */
  async finish(): Promise<void> {
    if (this.#unitLength > 0) this.#endUnit();
    await this.#flush();
    await this.#file.datasync();
    await this.#close();
    await this.#folder.syncEntry(this.id);
  }

  /** Removes what was written. */
  async discard(): Promise<void> {
    await this.#close();
    await this.#folder.remove(this.id);
  }

  #endUnit(): void {
    let pieces = this.#unit;
    let crc = this.#crc;
    if (this.#cipher !== undefined) {
      const sealed = this.#cipher.seal(this.#unitCount, Buffer.concat(pieces, this.#unitLength));
      crc = crc32(sealed, unitSeed(this.id, this.#unitCount));
      pieces = [sealed];
    }
    const tail = Buffer.allocUnsafe(crcBytes);
    tail.writeUInt32LE(crc, 0);
    this.#gathered.push(...pieces, tail);
    this.#gatheredUnits++;
    this.#unitCount++;
    this.#unit = [];
    this.#unitLength = 0;
    this.#crc = unitSeed(this.id, this.#unitCount);
  }

  async #flush(): Promise<void> {
    const buffers = this.#gathered;
    if (buffers.length === 0) return;
    this.#gathered = [];
    this.#gatheredUnits = 0;
    const wanted = buffers.reduce((sum, each) => sum + each.length, 0);
    const { bytesWritten } = await this.#file.writev(buffers);
    // A disk that is nearly full takes a part.
    if (bytesWritten < wanted) await writeRest(this.#file, Buffer.concat(buffers).subarray(bytesWritten));
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    writers--;
    await this.#file.close();
  }
}

async function writeRest(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten;
}
