import { runPaced } from '@peakstone/kernel/pace';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { listObjects as list } from '../../store/list.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, optional } from '../../xml/write.ts';
import { contentsElement, listingHead, prefixElement, readListing } from './listing.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export const listObjectsV2: Operation = {
  name: 'ListObjectsV2',
  method: 'GET',
  level: 'bucket',
  query: ['list-type'],
  action: 's3:ListBucket',
  acl: { of: 'bucket', permission: 'READ' },
  async run({ store }, request) {
    const { query } = request;
    if (query.get('list-type') !== '2') throw new S3Error('InvalidArgument');
    const bucket = store.buckets.get(request.bucket);
    const form = readListing(request);
    const token = query.get('continuation-token');
    const startAfter = query.get('start-after');
    const after = token === undefined || token === '' ? (startAfter ?? '') : decodeToken(token);
    const page = await runPaced(list(store.index, bucket, { ...form, after }));
    const withOwner = query.get('fetch-owner') === 'true';
    return xmlResponse(
      document('ListBucketResult', [
        listingHead(bucket.name, form),
        element('KeyCount', page.objects.length + page.prefixes.length),
        element('IsTruncated', page.next !== undefined),
        optional('StartAfter', startAfter && form.encode(startAfter)),
        optional('ContinuationToken', token),
        page.next === undefined ? undefined : element('NextContinuationToken', encodeToken(page.next)),
        page.objects.map(each => contentsElement(each, form.encode, withOwner ? each.row.owner : undefined)),
        page.prefixes.map(each => prefixElement(each, form.encode)),
      ]),
    );
  },
};

/** Opaque to clients: the last key or group. */
function encodeToken(next: string): string {
  return Buffer.from(next).toString('base64');
}

function decodeToken(token: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token))
    throw new S3Error('InvalidArgument', 'The continuation token provided is incorrect');
  return Buffer.from(token, 'base64').toString('utf8');
}
