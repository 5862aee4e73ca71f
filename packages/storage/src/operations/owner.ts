import type { Identity } from '../iam/identity.ts';
import type { Owner } from '../store/rows.ts';

/** As whom a caller owns what it makes: its account. */
export function ownerOf(identity: Identity): Owner {
  if (identity.kind === 'anonymous') return { id: '65a011a29cdf8ec533ec3d1ccaae921c', name: 'anonymous' };
  return { id: identity.account.canonicalId, name: identity.account.name };
}
