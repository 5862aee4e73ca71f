/** The table of operations: the first whose method, level, parameters and header are a request's serves it. */
import { S3Error } from '../errors/s3Error.ts';
import type { Operation } from '../operation.ts';
import type { S3Request } from '../request.ts';
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './acl/acl.ts';
import { createBucket } from './bucket/createBucket.ts';
import { deleteBucket } from './bucket/deleteBucket.ts';
import { getBucketLocation } from './bucket/getBucketLocation.ts';
import { headBucket } from './bucket/headBucket.ts';
import { listObjects } from './bucket/listObjects.ts';
import { listObjectsV2 } from './bucket/listObjectsV2.ts';
import { listObjectVersions } from './bucket/listObjectVersions.ts';
import { deleteBucketCors, getBucketCors, putBucketCors } from './config/cors.ts';
import { deleteBucketEncryption, getBucketEncryption, putBucketEncryption } from './config/encryption.ts';
import { fixedAnswers } from './config/fixed.ts';
import { deleteBucketLifecycle, getBucketLifecycle, putBucketLifecycle } from './config/lifecycle.ts';
import { getBucketNotification, putBucketNotification } from './config/notification.ts';
import {
  deleteBucketOwnershipControls,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
} from './config/ownership.ts';
import {
  deleteBucketPolicy,
  getBucketPolicy,
  getBucketPolicyStatus,
  putBucketPolicy,
} from './config/policy.ts';
import {
  deletePublicAccessBlock,
  getPublicAccessBlock,
  putPublicAccessBlock,
} from './config/publicAccessBlock.ts';
import { deleteBucketTagging, getBucketTagging, putBucketTagging } from './config/tagging.ts';
import { getBucketVersioning, putBucketVersioning } from './config/versioning.ts';
import { getObjectLockConfiguration, putObjectLockConfiguration } from './lock/bucketLock.ts';
import {
  getObjectLegalHold,
  getObjectRetention,
  putObjectLegalHold,
  putObjectRetention,
} from './lock/objectLock.ts';
import { abortMultipartUpload } from './multipart/abortMultipartUpload.ts';
import { completeMultipartUpload } from './multipart/completeMultipartUpload.ts';
import { createMultipartUpload } from './multipart/createMultipartUpload.ts';
import { listMultipartUploads } from './multipart/listMultipartUploads.ts';
import { listParts } from './multipart/listParts.ts';
import { uploadPart } from './multipart/uploadPart.ts';
import { uploadPartCopy } from './multipart/uploadPartCopy.ts';
import { copyObject } from './object/copyObject.ts';
import { deleteObject } from './object/deleteObject.ts';
import { deleteObjects } from './object/deleteObjects.ts';
import { getObject, headObject } from './object/getObject.ts';
import { getObjectAttributes } from './object/getObjectAttributes.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './object/objectTagging.ts';
import { postObject } from './object/postObject.ts';
import { putObject } from './object/putObject.ts';
import { listBuckets } from './service/listBuckets.ts';
import { sts } from './service/sts.ts';

const operations: readonly Operation[] = [
  listBuckets,
  sts,
  // Of a bucket
  getBucketLocation,
  getBucketVersioning,
  putBucketVersioning,
  getBucketPolicy,
  putBucketPolicy,
  deleteBucketPolicy,
  getBucketPolicyStatus,
  getBucketCors,
  putBucketCors,
  deleteBucketCors,
  getBucketTagging,
  putBucketTagging,
  deleteBucketTagging,
  getBucketLifecycle,
  putBucketLifecycle,
  deleteBucketLifecycle,
  getBucketEncryption,
  putBucketEncryption,
  deleteBucketEncryption,
  getBucketOwnershipControls,
  putBucketOwnershipControls,
  deleteBucketOwnershipControls,
  getPublicAccessBlock,
  putPublicAccessBlock,
  deletePublicAccessBlock,
  getBucketNotification,
  putBucketNotification,
  getObjectLockConfiguration,
  putObjectLockConfiguration,
  getBucketAcl,
  putBucketAcl,
  ...fixedAnswers,
  listMultipartUploads,
  listObjectVersions,
  listObjectsV2,
  listObjects,
  createBucket,
  headBucket,
  deleteBucket,
  deleteObjects,
  postObject,
  // Of an object
  createMultipartUpload,
  uploadPartCopy,
  uploadPart,
  completeMultipartUpload,
  abortMultipartUpload,
  listParts,
  getObjectTagging,
  putObjectTagging,
  deleteObjectTagging,
  getObjectRetention,
  putObjectRetention,
  getObjectLegalHold,
  putObjectLegalHold,
  getObjectAcl,
  putObjectAcl,
  getObjectAttributes,
  copyObject,
  putObject,
  getObject,
  headObject,
  deleteObject,
];

const byPlace = Map.groupBy(operations, ({ level, method }) => `${level} ${method}`);

/** @throws {S3Error} MethodNotAllowed */
export function findOperation({ method, bucket, key, query, headers }: S3Request): Operation {
  const level = bucket === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const found = byPlace
    .get(`${level} ${method}`)
    ?.find(
      each =>
        (each.query === undefined || each.query.every(name => query.has(name))) &&
        (each.header === undefined || headers[each.header] !== undefined),
    );
  if (found === undefined) throw new S3Error('MethodNotAllowed');
  return found;
}
