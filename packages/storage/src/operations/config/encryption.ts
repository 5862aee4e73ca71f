import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childOf, malformed, parseXml, textOf } from '../../xml/parse.ts';
import { document, element, optional } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

export const getBucketEncryption: Operation = {
  name: 'GetBucketEncryption',
  method: 'GET',
  level: 'bucket',
  query: ['encryption'],
  action: 's3:GetEncryptionConfiguration',
  run({ store }, { bucket }) {
    const { encryption } = store.buckets.get(bucket);
    if (encryption === undefined) throw new S3Error('ServerSideEncryptionConfigurationNotFoundError');
    return xmlResponse(
      document(
        'ServerSideEncryptionConfiguration',
        element('Rule', [
          element('ApplyServerSideEncryptionByDefault', [
            element('SSEAlgorithm', encryption.algorithm),
            optional('KMSMasterKeyID', encryption.keyId),
          ]),
          element('BucketKeyEnabled', encryption.bucketKey ?? false),
        ]),
      ),
    );
  },
};

export const putBucketEncryption: Operation = {
  name: 'PutBucketEncryption',
  method: 'PUT',
  level: 'bucket',
  query: ['encryption'],
  action: 's3:PutEncryptionConfiguration',
  async run({ store, config }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'ServerSideEncryptionConfiguration');
    const rule = childOf(root, 'Rule');
    const byDefault = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault');
    const algorithm = byDefault && textOf(byDefault, 'SSEAlgorithm');
    if (algorithm !== 'AES256' && algorithm !== 'aws:kms') throw malformed();
    const keyId = textOf(byDefault!, 'KMSMasterKeyID') || undefined;
    if (keyId !== undefined && (algorithm === 'AES256' || !/^[\w:/.+=@-]{1,2048}$/.test(keyId)))
      throw malformed();
    if (config.masterKey === undefined)
      throw new S3Error('NotImplemented', 'Server side encryption specified but KMS is not configured');
    const bucketKey = textOf(rule!, 'BucketKeyEnabled') === 'true';
    await store.buckets.update(bucket, row => ({ ...row, encryption: { algorithm, keyId, bucketKey } }));
    return emptyResponse();
  },
};

export const deleteBucketEncryption: Operation = {
  name: 'DeleteBucketEncryption',
  method: 'DELETE',
  level: 'bucket',
  query: ['encryption'],
  action: 's3:PutEncryptionConfiguration',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ encryption: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};
