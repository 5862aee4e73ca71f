import { runPaced } from '@peakstone/kernel/pace';
import type { Operation } from '../../operation.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime, optional } from '../../xml/write.ts';
import { prefixElement, readListing } from '../bucket/listing.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export const listMultipartUploads: Operation = {
  name: 'ListMultipartUploads',
  method: 'GET',
  level: 'bucket',
  query: ['uploads'],
  action: 's3:ListBucketMultipartUploads',
  acl: { of: 'bucket', permission: 'READ' },
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const { query } = request;
    const form = readListing(request, 'max-uploads');
    const { encode } = form;
    const keyMarker = query.get('key-marker') ?? '';
    const uploadIdMarker = query.get('upload-id-marker') ?? '';
    const page = await runPaced(store.uploads.list(bucket, { ...form, keyMarker, uploadIdMarker }));
    return xmlResponse(
      document('ListMultipartUploadsResult', [
        element('Bucket', bucket.name),
        element('KeyMarker', encode(keyMarker)),
        element('UploadIdMarker', uploadIdMarker),
        element('NextKeyMarker', page.next ? encode(page.next.key) : ''),
        element('NextUploadIdMarker', page.next?.uploadId ?? ''),
        form.delimiter === '' ? undefined : element('Delimiter', encode(form.delimiter)),
        element('Prefix', encode(form.prefix)),
        optional('EncodingType', form.encodingType),
        element('MaxUploads', form.limit),
        element('IsTruncated', page.next !== undefined),
        page.uploads.map(({ key, upload }) =>
          element('Upload', [
            element('Key', encode(key)),
            element('UploadId', upload.id),
            element('Initiator', [
              element('ID', upload.initiator.id),
              element('DisplayName', upload.initiator.name),
            ]),
            element('Owner', [
              element('ID', upload.draft.owner.id),
              element('DisplayName', upload.draft.owner.name),
            ]),
            element('StorageClass', upload.draft.storageClass ?? 'STANDARD'),
            element('Initiated', isoTime(upload.initiated)),
            upload.checksum && [
              element('ChecksumAlgorithm', upload.checksum.algorithm),
              element('ChecksumType', upload.checksum.type),
            ],
          ]),
        ),
        page.prefixes.map(each => prefixElement(each, encode)),
      ]),
    );
  },
};
