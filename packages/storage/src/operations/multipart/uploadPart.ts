import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { describeChecksum } from '../../payload/checksum.ts';
import { emptyResponse } from '../../wire/respond.ts';
import { encryptionHeaders, openFor } from '../object/encryption.ts';
import { maxObjectBytes } from '../object/putObject.ts';
import { readPartNumber } from './partNumber.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export const uploadPart: Operation = {
  name: 'UploadPart',
  method: 'PUT',
  level: 'object',
  query: ['partNumber', 'uploadId'],
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const { key, query } = request;
    const number = readPartNumber(request);
    const upload = store.uploads.get(bucket, key, query.get('uploadId')!);
    const payload = request.payload({ fallback: upload.checksum?.algorithm });
    const own = payload.expected?.algorithm;
    if (upload.checksum !== undefined && own !== undefined && own !== upload.checksum.algorithm)
      throw new S3Error(
        'InvalidRequest',
        `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.algorithm.toLowerCase()}, actual checksum Type: ${own.toLowerCase()}`,
      );
    if (payload.length === undefined && request.headers['transfer-encoding'] === undefined)
      throw new S3Error('MissingContentLength');
    const objectKey = openFor(server, request, upload.draft.sealed);
    const body = await store.bodies.stage(payload.stream(maxObjectBytes), objectKey);
    try {
      const { md5, checksum } = payload.received;
      await store.uploads.putPart(
        bucket,
        key,
        upload.id,
        { number, etag: md5, checksum: checksum?.value },
        body,
      );
      const told = checksum === undefined ? [] : describeChecksum({ checksum }).slice(0, 2);
      return emptyResponse(200, ['ETag', `"${md5}"`, ...told, ...encryptionHeaders(upload.draft.sealed)]);
    } catch (error) {
      await store.bodies.discard(body);
      throw error;
    }
  },
};
