import { assertMay } from '../../access/check.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse } from '../../wire/respond.ts';
import { emptyBucket } from './emptyBucket.ts';

/** With MinIO's `x-minio-force-delete` whatever is in it goes first. @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
export const deleteBucket: Operation = {
  name: 'DeleteBucket',
  method: 'DELETE',
  level: 'bucket',
  action: 's3:DeleteBucket',
  async run({ store, records }, request) {
    const bucket = store.buckets.get(request.bucket);
    if (request.headers['x-minio-force-delete']?.toLowerCase() === 'true') {
      assertMay(request, { action: 's3:ForceDeleteBucket', bucket });
      await emptyBucket(store, bucket);
    }
    if (!store.isEmpty(bucket))
      throw new S3Error('BucketNotEmpty', { elements: { BucketName: bucket.name } });
    await records?.buckets.drop(bucket);
    await store.buckets.remove(bucket);
    // Nobody can complete them any more; their bytes go.
    await store.uploads.abortAll(bucket);
    return emptyResponse(204);
  },
};
