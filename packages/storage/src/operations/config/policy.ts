import { isPublicAcl } from '../../access/acl.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { isPublic } from '../../policy/isPublic.ts';
import { parsePolicy } from '../../policy/parse.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { document, element } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const maxPolicyBytes = 20 * 1024;

export const getBucketPolicy: Operation = {
  name: 'GetBucketPolicy',
  method: 'GET',
  level: 'bucket',
  query: ['policy'],
  action: 's3:GetBucketPolicy',
  run({ store }, { bucket }) {
    const { policy } = store.buckets.get(bucket);
    if (policy === undefined) throw new S3Error('NoSuchBucketPolicy');
    return { status: 200, headers: ['Content-Type', 'application/json'], body: policy };
  },
};

export const putBucketPolicy: Operation = {
  name: 'PutBucketPolicy',
  method: 'PUT',
  level: 'bucket',
  query: ['policy'],
  action: 's3:PutBucketPolicy',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const text = (await readXmlBody(request, maxPolicyBytes)).toString('utf8');
    const policy = parsePolicy(text, 'bucket', bucket.name);
    if (bucket.publicAccessBlock?.blockPublicPolicy && isPublic(policy))
      throw new S3Error('AccessDenied', 'The public access block of the bucket forbids public policies.');
    await store.buckets.update(bucket, row => ({ ...row, policy: text }));
    return emptyResponse(204);
  },
};

export const deleteBucketPolicy: Operation = {
  name: 'DeleteBucketPolicy',
  method: 'DELETE',
  level: 'bucket',
  query: ['policy'],
  action: 's3:DeleteBucketPolicy',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ policy: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};

export const getBucketPolicyStatus: Operation = {
  name: 'GetBucketPolicyStatus',
  method: 'GET',
  level: 'bucket',
  query: ['policyStatus'],
  action: 's3:GetBucketPolicyStatus',
  run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const isOpen =
      (bucket.policy !== undefined && isPublic(parsePolicy(bucket.policy, 'bucket', bucket.name))) ||
      isPublicAcl(bucket.acl);
    return xmlResponse(document('PolicyStatus', element('IsPublic', isOpen)));
  },
};
