import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { malformed, parseXml, textOf } from '../../xml/parse.ts';
import { document, optional } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

export const getBucketVersioning: Operation = {
  name: 'GetBucketVersioning',
  method: 'GET',
  level: 'bucket',
  query: ['versioning'],
  action: 's3:GetBucketVersioning',
  run({ store }, { bucket }) {
    return xmlResponse(
      document('VersioningConfiguration', optional('Status', store.buckets.get(bucket).versioning)),
    );
  },
};

export const putBucketVersioning: Operation = {
  name: 'PutBucketVersioning',
  method: 'PUT',
  level: 'bucket',
  query: ['versioning'],
  action: 's3:PutBucketVersioning',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'VersioningConfiguration');
    const status = textOf(root, 'Status');
    if (status !== 'Enabled' && status !== 'Suspended')
      throw status === undefined ? new S3Error('IllegalVersioningConfigurationException') : malformed();
    if (textOf(root, 'MfaDelete') === 'Enabled') throw new S3Error('NotImplemented');
    await store.buckets.update(bucket, row => {
      if (status === 'Suspended' && row.objectLock !== undefined)
        throw new S3Error(
          'InvalidBucketState',
          'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
        );
      return { ...row, versioning: status };
    });
    return emptyResponse();
  },
};
