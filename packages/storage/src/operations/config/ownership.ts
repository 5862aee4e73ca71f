import { isPublicAcl, privateAcl } from '../../access/acl.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { BucketRow } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { childOf, childrenOf, malformed, parseXml, textOf } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';

const kinds: readonly (string | undefined)[] = [
  'BucketOwnerEnforced',
  'BucketOwnerPreferred',
  'ObjectWriter',
];

export const getBucketOwnershipControls: Operation = {
  name: 'GetBucketOwnershipControls',
  method: 'GET',
  level: 'bucket',
  query: ['ownershipControls'],
  action: 's3:GetBucketOwnershipControls',
  run({ store }, { bucket }) {
    const { ownership } = store.buckets.get(bucket);
    if (ownership === undefined) throw new S3Error('OwnershipControlsNotFoundError');
    return xmlResponse(document('OwnershipControls', element('Rule', element('ObjectOwnership', ownership))));
  },
};

export const putBucketOwnershipControls: Operation = {
  name: 'PutBucketOwnershipControls',
  method: 'PUT',
  level: 'bucket',
  query: ['ownershipControls'],
  action: 's3:PutBucketOwnershipControls',
  async run({ store }, request) {
    const bucket = store.buckets.get(request.bucket);
    const root = parseXml(await readXmlBody(request), 'OwnershipControls');
    const rule = childOf(root, 'Rule');
    const ownership = rule && textOf(rule, 'ObjectOwnership');
    if (childrenOf(root, 'Rule').length !== 1 || !kinds.includes(ownership)) throw malformed();
    await store.buckets.update(bucket, row => {
      const grantsOthers =
        row.acl !== undefined &&
        JSON.stringify(row.acl.grants) !== JSON.stringify(privateAcl(row.owner).grants);
      if (ownership === 'BucketOwnerEnforced' && (isPublicAcl(row.acl) || grantsOthers))
        throw new S3Error('InvalidBucketAclWithObjectOwnership');
      return { ...row, ownership: ownership as BucketRow['ownership'] };
    });
    return emptyResponse();
  },
};

export const deleteBucketOwnershipControls: Operation = {
  name: 'DeleteBucketOwnershipControls',
  method: 'DELETE',
  level: 'bucket',
  query: ['ownershipControls'],
  action: 's3:PutBucketOwnershipControls',
  async run({ store }, request) {
    await store.buckets.update(store.buckets.get(request.bucket), ({ ownership: _gone, ...row }) => row);
    return emptyResponse(204);
  },
};
