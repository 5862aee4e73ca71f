import { runPaced } from '@peakstone/kernel/pace';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { maxKeyBytes } from '../../store/index/keys.ts';
import { type ListedVersion, listVersions } from '../../store/list.ts';
import { sequenceOf } from '../../store/sequence.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime } from '../../xml/write.ts';
import { listingHead, prefixElement, readListing } from './listing.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export const listObjectVersions: Operation = {
  name: 'ListObjectVersions',
  method: 'GET',
  level: 'bucket',
  query: ['versions'],
  action: 's3:ListBucketVersions',
  acl: { of: 'bucket', permission: 'READ' },
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const form = readListing(request);
    const { encode } = form;
    const keyMarker = request.query.get('key-marker') ?? '';
    const versionMarker = request.query.get('version-id-marker') ?? '';
    if (versionMarker !== '' && keyMarker === '')
      throw new S3Error('InvalidArgument', 'A version-id marker cannot be specified without a key marker.');
    // A marker's version may be gone: an id of our own says where it was. Any other's place has to be looked up.
    const found =
      versionMarker === '' || Buffer.byteLength(keyMarker) > maxKeyBytes
        ? undefined
        : store.objects.find(bucket, keyMarker, versionMarker);
    const afterSequence = found?.sequence ?? sequenceOf(versionMarker);
    const page = await runPaced(
      listVersions(store.index, bucket, { ...form, after: keyMarker, afterSequence }),
    );
    return xmlResponse(
      document('ListVersionsResult', [
        listingHead(bucket.name, form),
        element('KeyMarker', encode(keyMarker)),
        element('VersionIdMarker', versionMarker),
        element('IsTruncated', page.next !== undefined),
        page.next && [
          element('NextKeyMarker', encode(page.next.key)),
          element('NextVersionIdMarker', page.next.versionId ?? ''),
        ],
        page.versions.map(each => versionElement(each, encode)),
        page.prefixes.map(each => prefixElement(each, encode)),
      ]),
    );
  },
};

function versionElement({ key, row, isLatest }: ListedVersion, encode: (text: string) => string) {
  return element(row.deleteMarker ? 'DeleteMarker' : 'Version', [
    element('Key', encode(key)),
    element('LastModified', isoTime(row.modified)),
    row.deleteMarker
      ? undefined
      : [
          element('ETag', `"${row.etag}"`),
          row.checksum && [
            element('ChecksumAlgorithm', row.checksum.algorithm),
            element('ChecksumType', row.checksum.type),
          ],
          element('Size', row.size),
          element('StorageClass', row.storageClass ?? 'STANDARD'),
        ],
    element('Owner', [element('ID', row.owner.id), element('DisplayName', row.owner.name)]),
    element('IsLatest', isLatest),
    element('VersionId', row.versionId),
  ]);
}
