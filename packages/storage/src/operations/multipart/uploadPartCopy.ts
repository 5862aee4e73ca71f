import { createHash } from 'node:crypto';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { checksums } from '../../payload/checksum.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime } from '../../xml/write.ts';
import { findSource } from '../object/copySource.ts';
import { encryptionHeaders, openFor } from '../object/encryption.ts';
import { readPartNumber } from './partNumber.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export const uploadPartCopy: Operation = {
  name: 'UploadPartCopy',
  method: 'PUT',
  level: 'object',
  query: ['partNumber', 'uploadId'],
  header: 'x-amz-copy-source',
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const { key, query, headers } = request;
    const bucket = store.buckets.get(request.bucket);
    const number = readPartNumber(request);
    const upload = store.uploads.get(bucket, key, query.get('uploadId')!);
    const { row } = findSource(server, request);
    const { start, end } = readSourceRange(headers['x-amz-copy-source-range'], row.size);
    const source = store.bodies.read(
      row.blob,
      row.size,
      start,
      end,
      openFor(server, request, row.sealed, 'source'),
    );
    const md5 = createHash('md5');
    const digest = upload.checksum && checksums[upload.checksum.algorithm].make();
    const pass = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of Buffer.isBuffer(source) ? [source] : source) {
        md5.update(chunk);
        digest?.update(chunk);
        yield chunk;
      }
    };
    const body = await store.bodies.stage(pass(), openFor(server, request, upload.draft.sealed));
    try {
      const etag = md5.digest('hex');
      const checksum = digest?.digest().toString('base64');
      const part = await store.uploads.putPart(bucket, key, upload.id, { number, etag, checksum }, body);
      return xmlResponse(
        document('CopyPartResult', [
          element('LastModified', isoTime(part.modified)),
          element('ETag', `"${etag}"`),
          upload.checksum && checksum ? element(`Checksum${upload.checksum.algorithm}`, checksum) : undefined,
        ]),
        [
          ...(row.versionId === 'null' ? [] : ['x-amz-copy-source-version-id', row.versionId]),
          ...encryptionHeaders(upload.draft.sealed),
        ],
      );
    } catch (error) {
      await store.bodies.discard(body);
      throw error;
    }
  },
};

/** @throws {S3Error} InvalidArgument, InvalidRange */
function readSourceRange(
  text: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } {
  if (text === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(text);
  if (match === null || Number(match[2]) < Number(match[1]))
    throw new S3Error('InvalidArgument', {
      message:
        'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      elements: { ArgumentName: 'x-amz-copy-source-range', ArgumentValue: text },
    });
  if (Number(match[2]) >= size)
    throw new S3Error('InvalidRange', { elements: { ActualObjectSize: String(size) } });
  return { start: Number(match[1]), end: Number(match[2]) + 1 };
}
