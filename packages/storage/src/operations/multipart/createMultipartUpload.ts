import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { checksums, readAlgorithm } from '../../payload/checksum.ts';
import type { Checksum, UploadRow } from '../../store/rows.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element } from '../../xml/write.ts';
import { readDraft } from '../object/draft.ts';
import { encryptionHeaders, sealFor } from '../object/encryption.ts';
import { ownerOf } from '../owner.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export const createMultipartUpload: Operation = {
  name: 'CreateMultipartUpload',
  method: 'POST',
  level: 'object',
  query: ['uploads'],
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const { headers, key, identity } = request;
    const checksum = readChecksum(headers);
    const seal = sealFor(server, request, bucket);
    const upload = await store.uploads.create(bucket, key, {
      initiator: ownerOf(identity),
      draft: { ...readDraft(server, request, bucket), sealed: seal?.sealed },
      checksum,
    });
    return xmlResponse(
      document('InitiateMultipartUploadResult', [
        element('Bucket', bucket.name),
        element('Key', key),
        element('UploadId', upload.id),
      ]),
      [
        ...encryptionHeaders(seal?.sealed),
        ...(checksum
          ? ['x-amz-checksum-algorithm', checksum.algorithm, 'x-amz-checksum-type', checksum.type]
          : []),
      ],
    );
  },
};

function readChecksum(headers: Readonly<Record<string, string | undefined>>): UploadRow['checksum'] {
  const algorithm = readAlgorithm(headers['x-amz-checksum-algorithm']);
  const type = headers['x-amz-checksum-type']?.toUpperCase();
  if (algorithm === undefined) {
    if (type !== undefined)
      throw new S3Error(
        'InvalidRequest',
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      );
    return undefined;
  }
  const { types, ofParts } = checksums[algorithm];
  const wanted = type ?? ofParts;
  if (!types.includes(wanted as Checksum['type']))
    throw new S3Error(
      'InvalidRequest',
      `The ${wanted} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return { algorithm, type: wanted as Checksum['type'] };
}
