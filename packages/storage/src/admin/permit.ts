/** Whether a caller may administer: by its own policies alone. */
import { conditionValues } from '../access/conditionValues.ts';
import { S3Error } from '../errors/s3Error.ts';
import { homeAccount } from '../iam/identity.ts';
import { evaluate, evaluateAll } from '../policy/evaluate.ts';
import type { S3Request } from '../request.ts';

/**
 * @param isOwn what everybody may do to itself, unless it is denied; but not with a key that is narrowed
 * @throws {S3Error} AccessDenied
 */
export function permitAdmin(request: S3Request, action: string, isOwn = false): void {
  const { identity } = request;
  // Another account's administrator administers its buckets, not this server.
  if (identity.kind === 'anonymous' || identity.kind === 'member' || identity.account.id !== homeAccount.id)
    throw new S3Error('AccessDenied');
  const access = { action, resource: 'arn:aws:s3:::*', values: conditionValues(request) };
  const own = identity.kind === 'root' ? 'allow' : evaluateAll(identity.policies, access);
  const session = identity.sessionPolicy === undefined ? 'allow' : evaluate(identity.sessionPolicy, access);
  const isAllowed = own === 'allow' && session === 'allow';
  const isWhole = identity.sessionPolicy === undefined;
  if (!isAllowed && !(isOwn && isWhole && own !== 'deny')) throw new S3Error('AccessDenied');
}
