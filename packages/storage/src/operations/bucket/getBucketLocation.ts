import type { Operation } from '../../operation.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document } from '../../xml/write.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html */
export const getBucketLocation: Operation = {
  name: 'GetBucketLocation',
  method: 'GET',
  level: 'bucket',
  query: ['location'],
  action: 's3:GetBucketLocation',
  run({ store, config }, { bucket }) {
    const region = store.buckets.get(bucket).region ?? config.region ?? '';
    return xmlResponse(document('LocationConstraint', region === 'us-east-1' ? '' : region));
  },
};
