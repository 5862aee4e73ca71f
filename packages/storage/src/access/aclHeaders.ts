/** ACLs as requests give them: a canned one by its name, or grants by headers. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import type { Iam } from '../iam/iam.ts';
import type { Acl, BucketRow, Grant, Owner } from '../store/rows.ts';
import { allUsers, authenticatedUsers } from './acl.ts';

type Headers = Readonly<Record<string, string | undefined>>;
type Permission = Grant['permission'];

const group = (uri: string, permission: Permission): Grant => ({
  grantee: { kind: 'group', uri },
  permission,
});
const user = ({ id, name }: Owner, permission: Permission): Grant => ({
  grantee: { kind: 'user', id, name },
  permission,
});

/** What each name grants beside the owner's FULL_CONTROL. */
const canned: Readonly<Record<string, (bucketOwner: Owner) => readonly Grant[]>> = {
  private: () => [],
  'public-read': () => [group(allUsers, 'READ')],
  'public-read-write': () => [group(allUsers, 'READ'), group(allUsers, 'WRITE')],
  'authenticated-read': () => [group(authenticatedUsers, 'READ')],
  'bucket-owner-read': owner => [user(owner, 'READ')],
  'bucket-owner-full-control': owner => [user(owner, 'FULL_CONTROL')],
  'log-delivery-write': () => [
    group('http://acs.amazonaws.com/groups/s3/LogDelivery', 'WRITE'),
    group('http://acs.amazonaws.com/groups/s3/LogDelivery', 'READ_ACP'),
  ],
  'aws-exec-read': () => [],
};

const grantHeaders: Readonly<Record<string, Permission>> = {
  'x-amz-grant-read': 'READ',
  'x-amz-grant-write': 'WRITE',
  'x-amz-grant-read-acp': 'READ_ACP',
  'x-amz-grant-write-acp': 'WRITE_ACP',
  'x-amz-grant-full-control': 'FULL_CONTROL',
};

/**
 * @param owner of what the ACL is for
 * @returns undefined where nothing is said, and for what is the owner's alone
 * @throws {S3Error} InvalidArgument, AccessControlListNotSupported, AccessDenied by the public access block
 */
export function readAclHeaders(
  headers: Headers,
  owner: Owner,
  bucket: Pick<BucketRow, 'owner' | 'ownership' | 'publicAccessBlock'>,
  iam: Iam,
): Acl | undefined {
  const name = headers['x-amz-acl'];
  const grants = Object.entries(grantHeaders).flatMap(([header, permission]) =>
    headers[header] === undefined ? [] : readGrantees(headers[header], permission, iam),
  );
  if (name === undefined && grants.length === 0) return undefined;
  if (name !== undefined && grants.length > 0)
    throw new S3Error('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed');
  if (name !== undefined && !(name in canned))
    throw new S3Error('InvalidArgument', { elements: { ArgumentName: 'x-amz-acl', ArgumentValue: name } });
  const acl: Acl =
    name === undefined
      ? { owner, grants }
      : {
          owner,
          grants: [
            user(owner, 'FULL_CONTROL'),
            ...canned[name]!(bucket.owner).filter(
              grant => !(grant.grantee.kind === 'user' && grant.grantee.id === owner.id),
            ),
          ],
        };
  assertAclAllowed(acl, bucket, name);
  return name === 'private' ? undefined : acl;
}

/** @throws {S3Error} AccessControlListNotSupported, AccessDenied */
export function assertAclAllowed(
  acl: Acl,
  { ownership, publicAccessBlock, owner }: Pick<BucketRow, 'owner' | 'ownership' | 'publicAccessBlock'>,
  name?: string,
): void {
  const isOwnersAlone = acl.grants.every(
    ({ grantee }) => grantee.kind === 'user' && (grantee.id === acl.owner.id || grantee.id === owner.id),
  );
  if (
    ownership === 'BucketOwnerEnforced' &&
    !(isOwnersAlone && (name === undefined || name === 'bucket-owner-full-control'))
  )
    throw new S3Error('AccessControlListNotSupported');
  if (publicAccessBlock?.blockPublicAcls && acl.grants.some(({ grantee }) => grantee.kind === 'group'))
    throw new S3Error('AccessDenied');
}

/** `id="…", emailAddress="…", uri="…"` */
function readGrantees(text: string, permission: Permission, iam: Iam): Grant[] {
  return text.split(',').map(part => {
    const match = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*)"?\s*$/i.exec(part);
    if (match === null) throw new S3Error('InvalidArgument', 'Argument format not recognized');
    return { grantee: readGrantee(match[1]!.toLowerCase(), match[2]!, iam), permission };
  });
}

/** @throws {S3Error} InvalidArgument, UnresolvableGrantByEmailAddress */
export function readGrantee(kind: string, value: string, iam: Iam): Grant['grantee'] {
  switch (kind) {
    case 'uri':
      if (!value.startsWith('http://acs.amazonaws.com/groups/'))
        throw new S3Error('InvalidArgument', 'Invalid group uri');
      return { kind: 'group', uri: value };
    case 'emailaddress': {
      const account = iam.accountByEmail(value);
      if (account === undefined) throw new S3Error('UnresolvableGrantByEmailAddress');
      return { kind: 'user', id: account.canonicalId, name: account.name };
    }
    default: {
      const account = iam.accountByCanonicalId(value);
      if (account === undefined)
        throw new S3Error('InvalidArgument', {
          message: 'Invalid id',
          elements: { ArgumentName: 'CanonicalUser/ID', ArgumentValue: value },
        });
      return { kind: 'user', id: account.canonicalId, name: account.name };
    }
  }
}
