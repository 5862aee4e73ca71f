import { TransferError } from '../errors.ts';
import { ByteQueue } from './queue.ts';

const MAGIC = 0x184d2204;
/** How far back a match may reach. */
const WINDOW = 65_536;
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 };

/**
 * The content of an LZ4 frame, block by block; checksums, which pg_dump does not write, are passed over.
 * @throws {TransferError} when it is none, or ends within.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export async function* decompressLz4(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const queue = new ByteQueue(source);
  try {
    for (let magic = await queue.take(4); magic !== null; magic = await queue.take(4)) {
      if (magic.readUInt32LE() !== MAGIC) throw damaged();
      yield* readFrame(queue);
    }
  } finally {
    await queue.close();
  }
}

async function* readFrame(queue: ByteQueue): AsyncGenerator<Buffer> {
  const [flags, descriptor] = (await queue.need(2)) as unknown as [number, number];
  const maxBlock = BLOCK_SIZES[(descriptor >> 4) & 7];
  if (flags >> 6 !== 1 || maxBlock === undefined) throw damaged();
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const hasContentSize = (flags & 0x08) !== 0;
  const hasContentChecksum = (flags & 0x04) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  // Content size, dictionary and the header's checksum.
  await queue.need((hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0) + 1);
  // Blocks may refer to those before them: the window, and behind it the block.
  const output = Buffer.allocUnsafe(WINDOW + maxBlock);
  let history = 0;
  for (;;) {
    const size = (await queue.need(4)).readUInt32LE();
    if (size === 0) break;
    const length = size & 0x7fff_ffff;
    if (length > maxBlock + 16) throw damaged();
    const block = await queue.need(length);
    if (hasBlockChecksum) await queue.need(4);
    const end =
      size >= 0x8000_0000 ? history + block.copy(output, history) : decodeBlock(block, output, history);
    yield Buffer.from(output.subarray(history, end));
    const kept = Math.min(end, WINDOW);
    output.copyWithin(0, end - kept, end);
    history = kept;
  }
  if (hasContentChecksum) await queue.need(4);
}

/** Decodes one block behind the `start` bytes before it, and says where it ends. @throws {TransferError} */
export function decodeBlock(block: Buffer, output: Buffer, start: number): number {
  let at = 0;
  let out = start;
  const extend = (length: number): number => {
    let sum = length;
    if (length !== 15) return sum;
    for (let byte = 255; byte === 255; ) {
      if (at >= block.length) throw damaged();
      byte = block[at++]!;
      sum += byte;
    }
    return sum;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = extend(token >> 4);
    if (at + literals > block.length || out + literals > output.length) throw damaged();
    block.copy(output, out, at, at + literals);
    at += literals;
    out += literals;
    // The last sequence has no match.
    if (at === block.length) break;
    if (at + 2 > block.length) throw damaged();
    const offset = block[at]! | (block[at + 1]! << 8);
    at += 2;
    const length = extend(token & 15) + 4;
    if (offset === 0 || offset > out || out + length > output.length) throw damaged();
    // Byte by byte, as a match may overlap with what it makes.
    for (let end = out + length; out < end; out++) output[out] = output[out - offset]!;
  }
  return out;
}

function damaged(): TransferError {
  return new TransferError('The dump is damaged: its LZ4 data cannot be read.', {
    hint: 'Copy the file again, in binary mode, or make the dump anew.',
  });
}
