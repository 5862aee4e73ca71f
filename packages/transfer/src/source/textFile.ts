import { type Compression, decompress } from '../bytes/decompress.ts';
import { RandomFile } from '../bytes/file.ts';

/** How compressed files begin, of the compressions that are read as they come. */
const MAGIC: readonly (readonly [magic: string, compression: Compression])[] = [
  ['1f8b', 'gzip'],
  ['28b52ffd', 'zstd'],
  ['04224d18', 'lz4'],
];

/**
 * The text of a file, which may be compressed: `pg_dump | gzip`, or what a dashboard gives.
 * @param onBytes of the file that were read, as it lies
 * @throws {TransferError} when it cannot be opened, or is damaged
 */
export async function* readText(
  name: string,
  onBytes: (bytes: number) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const file = await RandomFile.open(name);
  try {
    const head = (await file.view(0, Math.min(4, file.size))).toString('hex');
    const compression = MAGIC.find(([magic]) => head.startsWith(magic))?.[1] ?? 'none';
    yield* decompress(counted(file, onBytes), compression, 'file');
  } finally {
    await file.close();
  }
}

async function* counted(file: RandomFile, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of file.stream(0)) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** How the text begins: up to so many bytes. @throws as `readText` */
export async function readHead(name: string, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of readText(name)) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= maxBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBytes);
}
