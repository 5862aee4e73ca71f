import { mayDo } from '../../access/check.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime, optional } from '../../xml/write.ts';
import { ownerOf } from '../owner.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html */
export const listBuckets: Operation = {
  name: 'ListBuckets',
  method: 'GET',
  level: 'service',
  run({ store }, request) {
    const { identity, query } = request;
    if (identity.kind === 'anonymous') throw new S3Error('AccessDenied');
    const seesAll = mayDo(request, { action: 's3:ListAllMyBuckets' });
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const limit = readLimit(query.get('max-buckets'));
    // Whoever may not list all sees those that it may look into.
    const visible = store.buckets
      .all()
      .filter(
        bucket =>
          bucket.accountId === identity.account.id &&
          bucket.name.startsWith(prefix) &&
          bucket.name > after &&
          (seesAll || mayDo(request, { action: 's3:ListBucket', bucket })),
      );
    if (!seesAll && visible.length === 0 && after === '' && prefix === '') throw new S3Error('AccessDenied');
    const page = visible.slice(0, limit);
    const { id, name } = ownerOf(identity);
    return xmlResponse(
      document('ListAllMyBucketsResult', [
        element('Owner', [element('ID', id), element('DisplayName', name)]),
        element(
          'Buckets',
          page.map(bucket =>
            element('Bucket', [
              element('Name', bucket.name),
              element('CreationDate', isoTime(bucket.created)),
            ]),
          ),
        ),
        optional('Prefix', query.get('prefix')),
        optional('ContinuationToken', page.length < visible.length ? page.at(-1)?.name : undefined),
      ]),
    );
  },
};

const maxBuckets = 10_000;

function readLimit(text: string | undefined): number {
  if (text === undefined) return maxBuckets;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxBuckets)
    throw new S3Error('InvalidArgument', `max-buckets must be between 1 and ${maxBuckets}`);
  return limit;
}
