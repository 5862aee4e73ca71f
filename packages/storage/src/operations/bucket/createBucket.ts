import { readAclHeaders } from '../../access/aclHeaders.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { BucketRow } from '../../store/rows.ts';
import { isBucketName } from '../../wire/bucketName.ts';
import { emptyResponse } from '../../wire/respond.ts';
import { parseXml, textOf } from '../../xml/parse.ts';
import { ownerOf } from '../owner.ts';
import { readXmlBody } from '../xmlBody.ts';

const ownerships: readonly string[] = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'];

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
export const createBucket: Operation = {
  name: 'CreateBucket',
  method: 'PUT',
  level: 'bucket',
  action: 's3:CreateBucket',
  makesBucket: true,
  async run({ store, config, iam, records }, request) {
    const { bucket: name, headers, identity } = request;
    if (identity.kind === 'anonymous') throw new S3Error('AccessDenied');
    if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { elements: { BucketName: name } });
    const body = await readXmlBody(request);
    const location =
      body.length === 0
        ? undefined
        : textOf(parseXml(body, 'CreateBucketConfiguration', 'CreateBucketRequest'), 'LocationConstraint');
    if (
      location &&
      (!/^[\w-]{1,64}$/.test(location) || (config.region !== undefined && location !== config.region))
    )
      throw new S3Error('InvalidLocationConstraint');
    const ownership = headers['x-amz-object-ownership'];
    if (ownership !== undefined && !ownerships.includes(ownership)) throw new S3Error('InvalidArgument');
    const owner = ownerOf(identity);
    const kind = ownership as BucketRow['ownership'];
    const locks = headers['x-amz-bucket-object-lock-enabled']?.toLowerCase() === 'true';
    const made = await store.buckets.create({
      name,
      accountId: identity.account.id,
      owner,
      acl: readAclHeaders(headers, owner, { owner, ownership: kind, publicAccessBlock: undefined }, iam),
      region: location || undefined,
      ownership: kind,
      ...(locks && { versioning: 'Enabled', objectLock: {} }),
    });
    await records?.buckets.ensureSoon(made);
    return emptyResponse(200, ['Location', `/${name}`]);
  },
};
