import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { parseXml, textOf } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const action = (verb: 'Get' | 'Put'): string => `s3:${verb}BucketPublicAccessBlock`;

export const getPublicAccessBlock: Operation = {
  name: 'GetPublicAccessBlock',
  method: 'GET',
  level: 'bucket',
  query: ['publicAccessBlock'],
  action: action('Get'),
  run({ store }, { bucket }) {
    const { publicAccessBlock: block } = store.buckets.get(bucket);
    if (block === undefined) throw new S3Error('NoSuchPublicAccessBlockConfiguration');
    return xmlResponse(
      document('PublicAccessBlockConfiguration', [
        element('BlockPublicAcls', block.blockPublicAcls),
        element('IgnorePublicAcls', block.ignorePublicAcls),
        element('BlockPublicPolicy', block.blockPublicPolicy),
        element('RestrictPublicBuckets', block.restrictPublicBuckets),
      ]),
    );
  },
};

export const putPublicAccessBlock: Operation = {
  name: 'PutPublicAccessBlock',
  method: 'PUT',
  level: 'bucket',
  query: ['publicAccessBlock'],
  action: action('Put'),
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'PublicAccessBlockConfiguration');
    const isSet = (name: string): boolean => textOf(root, name)?.toLowerCase() === 'true';
    const publicAccessBlock = {
      blockPublicAcls: isSet('BlockPublicAcls'),
      ignorePublicAcls: isSet('IgnorePublicAcls'),
      blockPublicPolicy: isSet('BlockPublicPolicy'),
      restrictPublicBuckets: isSet('RestrictPublicBuckets'),
    };
    await store.buckets.update(bucket, row => ({ ...row, publicAccessBlock }));
    return emptyResponse();
  },
};

export const deletePublicAccessBlock: Operation = {
  name: 'DeletePublicAccessBlock',
  method: 'DELETE',
  level: 'bucket',
  query: ['publicAccessBlock'],
  action: action('Put'),
  async run({ store }, request) {
    await store.buckets.update(
      store.buckets.get(request.bucket),
      ({ publicAccessBlock: _gone, ...row }) => row,
    );
    return emptyResponse(204);
  },
};
