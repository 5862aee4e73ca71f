/** The bytes of a version on MinIO's drive: blocks of 1 MiB, each behind the 32 bytes of its checksum. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { ClientError } from '../../client/index.ts';
import type { DriveVersion } from './xlMeta.ts';

const checksumBytes = 32;
const blockBytes = 1024 * 1024;

/**
 * Without the checksums, which no other program knows: it is held against the version's ETag instead, where that is made of
 * its bytes.
 * @throws {ClientError} at its end, when the bytes are others
 */
export async function* readBody(folder: string, version: DriveVersion, what: string): AsyncGenerator<Buffer> {
  const digests: Buffer[] = [];
  let bytes = 0;
  for (const { number } of version.parts) {
    const md5 = createHash('md5');
    const raw =
      version.inline !== undefined
        ? [version.inline]
        : createReadStream(path.join(folder, version.dataFolder!, `part.${number}`), {
            highWaterMark: blockBytes,
          });
    for await (const piece of withoutChecksums(raw as AsyncIterable<Buffer>)) {
      md5.update(piece);
      bytes += piece.length;
      yield piece;
    }
    digests.push(md5.digest());
  }
  const etag = version.metadata.etag ?? '';
  const whole =
    digests.length === 1 && !etag.includes('-')
      ? digests[0]!.toString('hex')
      : `${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${digests.length}`;
  const isDigest = /^[0-9a-f]{32}(-\d+)?$/.test(etag) && !(digests.length === 0);
  if (bytes !== version.size || (isDigest && whole !== etag))
    throw new ClientError('Damaged', 0, `${what} is damaged on the drive.`, 'Take it from a backup.');
}

/** Cuts what comes in pieces of any length into blocks. */
async function* withoutChecksums(raw: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let skip = checksumBytes;
  let left = blockBytes;
  for await (const piece of raw) {
    for (let at = 0; at < piece.length; ) {
      if (skip > 0) {
        const passed = Math.min(skip, piece.length - at);
        skip -= passed;
        at += passed;
        continue;
      }
      const taken = piece.subarray(at, at + left);
      yield taken;
      at += taken.length;
      left -= taken.length;
      if (left === 0) [skip, left] = [checksumBytes, blockBytes];
    }
  }
}
