/** What ACLs grant. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
import type { Identity } from '../iam/identity.ts';
import type { Acl, BucketRow, Grant, ObjectRow, Owner } from '../store/rows.ts';

export const allUsers = 'http://acs.amazonaws.com/groups/global/AllUsers';
export const authenticatedUsers = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';

type Permission = Grant['permission'];

/** The owner's alone. */
export function privateAcl(owner: Owner): Acl {
  return {
    owner,
    grants: [{ grantee: { kind: 'user', id: owner.id, name: owner.name }, permission: 'FULL_CONTROL' }],
  };
}

export function aclOf(row: { readonly acl?: Acl | undefined; readonly owner: Owner }): Acl {
  return row.acl ?? privateAcl(row.owner);
}

/** Whether the ACL of the bucket, or of the object in it, gives the caller the permission. */
export function isGrantedBy(
  identity: Identity,
  { of, permission }: { readonly of: 'bucket' | 'object'; readonly permission: Permission },
  bucket: BucketRow,
  object: ObjectRow | undefined,
): boolean {
  if (bucket.ownership === 'BucketOwnerEnforced') return false;
  if (of === 'object' && object === undefined) return false;
  const acl = aclOf(of === 'bucket' ? bucket : object!);
  return acl.grants.some(
    grant =>
      (grant.permission === permission || grant.permission === 'FULL_CONTROL') &&
      isGrantee(identity, grant, bucket),
  );
}

function isGrantee(identity: Identity, { grantee }: Grant, bucket: BucketRow): boolean {
  if (grantee.kind === 'user') return identity.kind === 'root' && identity.account.canonicalId === grantee.id;
  if (bucket.publicAccessBlock?.ignorePublicAcls) return false;
  return grantee.uri === allUsers || (grantee.uri === authenticatedUsers && identity.kind !== 'anonymous');
}

export function isPublicAcl(acl: Acl | undefined): boolean {
  return acl?.grants.some(({ grantee }) => grantee.kind === 'group') ?? false;
}
