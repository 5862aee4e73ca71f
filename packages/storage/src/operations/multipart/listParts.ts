import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime } from '../../xml/write.ts';

const most = 1000;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export const listParts: Operation = {
  name: 'ListParts',
  method: 'GET',
  level: 'object',
  query: ['uploadId'],
  action: 's3:ListMultipartUploadParts',
  acl: { of: 'bucket', permission: 'READ' },
  run({ store }, { bucket, key, query }) {
    const row = store.buckets.get(bucket);
    const upload = store.uploads.get(row, key, query.get('uploadId')!);
    const limit = Math.min(most, readNumber(query.get('max-parts'), 'max-parts', most));
    const marker = readNumber(query.get('part-number-marker'), 'part-number-marker', 0);
    const found = store.uploads.parts(upload.id, marker, limit + 1);
    const page = found.slice(0, limit);
    const owner = (name: string, { id, name: display }: { id: string; name: string }) =>
      element(name, [element('ID', id), element('DisplayName', display)]);
    return xmlResponse(
      document('ListPartsResult', [
        element('Bucket', bucket),
        element('Key', key),
        element('UploadId', upload.id),
        owner('Initiator', upload.initiator),
        owner('Owner', upload.draft.owner),
        element('StorageClass', upload.draft.storageClass ?? 'STANDARD'),
        element('PartNumberMarker', marker),
        element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
        element('MaxParts', limit),
        element('IsTruncated', found.length > page.length),
        upload.checksum && [
          element('ChecksumAlgorithm', upload.checksum.algorithm),
          element('ChecksumType', upload.checksum.type),
        ],
        page.map(part =>
          element('Part', [
            element('PartNumber', part.number),
            element('LastModified', isoTime(part.modified)),
            element('ETag', `"${part.etag}"`),
            element('Size', part.size),
            upload.checksum && part.checksum
              ? element(`Checksum${upload.checksum.algorithm}`, part.checksum)
              : undefined,
          ]),
        ),
      ]),
    );
  },
};

function readNumber(text: string | undefined, name: string, absent: number): number {
  if (text === undefined || text === '') return absent;
  if (!/^\d{1,9}$/.test(text))
    throw new S3Error('InvalidArgument', {
      message: `Argument ${name} must be an integer between 0 and 2147483647`,
      elements: { ArgumentName: name, ArgumentValue: text },
    });
  return Number(text);
}
