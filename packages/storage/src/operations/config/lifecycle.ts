import { S3Error } from '../../errors/s3Error.ts';
import { readLifecycle, renderLifecycle } from '../../lifecycle/rules.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { parseXml } from '../../xml/parse.ts';
import { readXmlBody } from '../xmlBody.ts';

export const getBucketLifecycle: Operation = {
  name: 'GetBucketLifecycleConfiguration',
  method: 'GET',
  level: 'bucket',
  query: ['lifecycle'],
  action: 's3:GetLifecycleConfiguration',
  run({ store }, { bucket }) {
    const { lifecycle } = store.buckets.get(bucket);
    if (lifecycle === undefined) throw new S3Error('NoSuchLifecycleConfiguration');
    return xmlResponse(renderLifecycle(lifecycle));
  },
};

export const putBucketLifecycle: Operation = {
  name: 'PutBucketLifecycleConfiguration',
  method: 'PUT',
  level: 'bucket',
  query: ['lifecycle'],
  action: 's3:PutLifecycleConfiguration',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const rules = readLifecycle(
      parseXml(await readXmlBody(request), 'LifecycleConfiguration', 'BucketLifecycleConfiguration'),
    );
    await store.buckets.update(bucket, row => ({ ...row, lifecycle: rules }));
    return emptyResponse();
  },
};

export const deleteBucketLifecycle: Operation = {
  name: 'DeleteBucketLifecycle',
  method: 'DELETE',
  level: 'bucket',
  query: ['lifecycle'],
  action: 's3:PutLifecycleConfiguration',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ lifecycle: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};
