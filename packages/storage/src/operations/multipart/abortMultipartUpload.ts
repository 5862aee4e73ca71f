import type { Operation } from '../../operation.ts';
import { emptyResponse } from '../../wire/respond.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export const abortMultipartUpload: Operation = {
  name: 'AbortMultipartUpload',
  method: 'DELETE',
  level: 'object',
  query: ['uploadId'],
  action: 's3:AbortMultipartUpload',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run({ store }, { bucket, key, query }) {
    await store.uploads.abort(store.buckets.get(bucket), key, query.get('uploadId')!);
    return emptyResponse(204);
  },
};
