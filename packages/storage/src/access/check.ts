/** Asks whether the caller of a request may do something to a bucket or an object. */
import { S3Error } from '../errors/s3Error.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/types.ts';
import type { S3Request } from '../request.ts';
import type { BucketRow, Grant } from '../store/rows.ts';
import { isGrantedBy } from './acl.ts';
import { isAllowed } from './authorize.ts';
import { type ConditionExtras, conditionValues } from './conditionValues.ts';

export interface Wanted extends ConditionExtras {
  /** `s3:GetObject` */
  readonly action: string;
  readonly bucket?: BucketRow | undefined;
  /** Absent: the bucket itself. */
  readonly key?: string | undefined;
  /** The permission of an ACL that suffices. */
  readonly acl?: { readonly of: 'bucket' | 'object'; readonly permission: Grant['permission'] } | undefined;
}

/** @throws {S3Error} AccessDenied */
export function assertMay(request: S3Request, wanted: Wanted): void {
  if (!mayDo(request, wanted)) throw new S3Error('AccessDenied');
}

export function mayDo(request: S3Request, wanted: Wanted): boolean {
  const { action, bucket, key = '', acl, existing } = wanted;
  const { identity } = request;
  const isOthers =
    existing !== undefined &&
    bucket !== undefined &&
    acl?.of === 'object' &&
    existing.owner.id !== bucket.owner.id;
  // Nearly every request: the administrator of a bucket that says nothing about it.
  if (
    identity.kind === 'root' &&
    identity.sessionPolicy === undefined &&
    (bucket === undefined ||
      (bucket.policy === undefined && bucket.accountId === identity.account.id && !isOthers))
  )
    return true;
  const resource =
    bucket === undefined ? 'arn:aws:s3:::*' : `arn:aws:s3:::${bucket.name}${key === '' ? '' : `/${key}`}`;
  const access = { action, resource, values: conditionValues(request, wanted) };
  if (bucket === undefined) return isAllowed(identity, access, undefined);
  return isAllowed(identity, access, {
    accountId: isOthers ? '' : bucket.accountId,
    policy: policyOf(bucket),
    isGranted: acl !== undefined && isGrantedBy(identity, acl, bucket, existing),
    onlyAccount: bucket.publicAccessBlock?.restrictPublicBuckets === true && bucket.policy !== undefined,
  });
}

const parsed = new WeakMap<BucketRow, Policy>();

/** Parsed once: rows are never changed, but replaced. */
function policyOf(bucket: BucketRow): Policy | undefined {
  if (bucket.policy === undefined) return undefined;
  let policy = parsed.get(bucket);
  if (policy === undefined) {
    policy = parsePolicy(bucket.policy, 'bucket', bucket.name);
    parsed.set(bucket, policy);
  }
  return policy;
}
