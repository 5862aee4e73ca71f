import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { maxBucketTags, readTagging, renderTagging } from '../../wire/tags.ts';
import { parseXml } from '../../xml/parse.ts';
import { readXmlBody } from '../xmlBody.ts';

export const getBucketTagging: Operation = {
  name: 'GetBucketTagging',
  method: 'GET',
  level: 'bucket',
  query: ['tagging'],
  action: 's3:GetBucketTagging',
  run({ store }, { bucket }) {
    const { tags } = store.buckets.get(bucket);
    if (tags === undefined) throw new S3Error('NoSuchTagSet');
    return xmlResponse(renderTagging(tags));
  },
};

export const putBucketTagging: Operation = {
  name: 'PutBucketTagging',
  method: 'PUT',
  level: 'bucket',
  query: ['tagging'],
  action: 's3:PutBucketTagging',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const tags = readTagging(parseXml(await readXmlBody(request), 'Tagging'), maxBucketTags);
    await store.buckets.update(bucket, row => ({ ...row, tags }));
    return emptyResponse(204);
  },
};

export const deleteBucketTagging: Operation = {
  name: 'DeleteBucketTagging',
  method: 'DELETE',
  level: 'bucket',
  query: ['tagging'],
  action: 's3:PutBucketTagging',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ tags: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};
