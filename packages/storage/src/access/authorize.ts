/**
 * Whether a caller may. An explicit denial wins over everything; within an account a user's policies or the bucket's
 * suffice; from another account both have to agree, or an ACL. What a session was narrowed to narrows all of it. Pure.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import type { Identity } from '../iam/identity.ts';
import { evaluate, evaluateAll, type PrincipalNames, type Verdict } from '../policy/evaluate.ts';
import type { AccessRequest, Policy } from '../policy/types.ts';

export interface Resource {
  /** Whose it is. */
  readonly accountId: string;
  /** The bucket's. */
  readonly policy: Policy | undefined;
  /** An ACL says yes. */
  readonly isGranted: boolean;
  /** Of what another account may be let in to at all. */
  readonly onlyAccount?: boolean;
}

/** @param resource undefined: the service itself, where a caller's own policies decide */
export function isAllowed(
  identity: Identity,
  request: AccessRequest,
  resource: Resource | undefined,
): boolean {
  const own = verdictOf(identity, request);
  if (own === 'deny') return false;
  // No policy or ACL of a bucket knows it.
  if (identity.kind === 'member' && own !== 'allow') return false;
  if (resource === undefined) return own === 'allow';
  const { policy, isGranted } = resource;
  const given = policy === undefined ? 'none' : evaluate(policy, request, principalNames(identity));
  if (given === 'deny') return false;
  const isOurs = identity.kind !== 'anonymous' && identity.account.id === resource.accountId;
  if (isOurs) return own === 'allow' || (!isNarrowed(identity) && (given === 'allow' || isGranted));
  if (resource.onlyAccount) return false;
  if (given !== 'allow' && !isGranted) return false;
  return identity.kind === 'anonymous' || own === 'allow';
}

/** What the caller's own policies say. */
function verdictOf(identity: Identity, request: AccessRequest): Verdict {
  if (identity.kind === 'anonymous') return 'none';
  if (identity.kind === 'member') return identity.may.has(request.action) ? 'allow' : 'none';
  const own = identity.kind === 'root' ? 'allow' : evaluateAll(identity.policies, request);
  if (own === 'deny' || identity.sessionPolicy === undefined) return own;
  const session = evaluate(identity.sessionPolicy, request);
  return session === 'allow' ? own : session;
}

/** A session is at most what its policy says, whatever a bucket's gives. */
function isNarrowed(identity: Identity): boolean {
  return identity.kind !== 'anonymous' && identity.sessionPolicy !== undefined;
}

/** As policies may call the caller. */
function principalNames(identity: Identity): PrincipalNames {
  if (identity.kind === 'anonymous' || identity.kind === 'member') return [];
  const { id } = identity.account;
  const account = [id, `arn:aws:iam::${id}:root`];
  return identity.kind === 'root' ? account : [...account, identity.arn, ...(identity.alsoArns ?? [])];
}
