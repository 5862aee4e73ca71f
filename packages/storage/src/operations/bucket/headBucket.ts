import type { Operation } from '../../operation.ts';
import { emptyResponse } from '../../wire/respond.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
export const headBucket: Operation = {
  name: 'HeadBucket',
  method: 'HEAD',
  level: 'bucket',
  action: 's3:ListBucket',
  acl: { of: 'bucket', permission: 'READ' },
  run({ store, config }, { bucket }) {
    const { region } = store.buckets.get(bucket);
    return emptyResponse(200, ['X-Amz-Bucket-Region', region ?? config.region ?? 'us-east-1']);
  },
};
