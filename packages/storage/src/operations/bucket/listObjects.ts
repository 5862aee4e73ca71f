import { runPaced } from '@peakstone/kernel/pace';
import type { Operation } from '../../operation.ts';
import { listObjects as list } from '../../store/list.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element } from '../../xml/write.ts';
import { contentsElement, listingHead, prefixElement, readListing } from './listing.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export const listObjects: Operation = {
  name: 'ListObjects',
  method: 'GET',
  level: 'bucket',
  action: 's3:ListBucket',
  acl: { of: 'bucket', permission: 'READ' },
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const form = readListing(request);
    const marker = request.query.get('marker') ?? '';
    const page = await runPaced(list(store.index, bucket, { ...form, after: marker }));
    return xmlResponse(
      document('ListBucketResult', [
        listingHead(bucket.name, { ...form, prefix: undefined }),
        // As every server has it: clients do not decode it in this version.
        element('Prefix', form.prefix),
        element('Marker', form.encode(marker)),
        element('IsTruncated', page.next !== undefined),
        // Without a delimiter a client goes on from the last key.
        page.next !== undefined && form.delimiter !== ''
          ? element('NextMarker', form.encode(page.next))
          : undefined,
        page.objects.map(each => contentsElement(each, form.encode, each.row.owner)),
        page.prefixes.map(each => prefixElement(each, form.encode)),
      ]),
    );
  },
};
