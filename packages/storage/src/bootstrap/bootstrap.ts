/** Makes what a stack needs in its store: idempotent, and nothing that somebody has changed since is changed back. */
import type { Iam } from '../iam/iam.ts';
import { homeAccount } from '../iam/identity.ts';
import type { LifecycleRule } from '../store/lifecycleRule.ts';
import type { BucketRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { bucketPolicy } from './policies.ts';
import type { Tenant } from './settings.ts';

const staleDays = 7;

/** Never a live object's: that was the trap of the stack that this one stands in for. */
const replacedVersions: LifecycleRule = {
  id: 'replaced-versions',
  enabled: true,
  filter: { prefix: '', tags: [] },
  noncurrent: { days: staleDays },
  abortDays: staleDays,
};

/** @returns what it did, one line each */
export async function bootstrapTenants(
  store: Store,
  iam: Iam,
  tenants: readonly Tenant[],
): Promise<string[]> {
  const done: string[] = [];
  for (const tenant of tenants) {
    const changes = [...(await prepareBucket(store, tenant)), ...(await prepareUser(iam, tenant))];
    if (changes.length > 0) done.push(`bucket ${tenant.bucket}: ${changes.join(', ')}`);
  }
  return done;
}

async function prepareBucket(
  { buckets }: Store,
  { bucket: name, versioned, aside }: Tenant,
): Promise<string[]> {
  const changes: string[] = [];
  let bucket: BucketRow | undefined = buckets.find(name);
  if (bucket === undefined) {
    bucket = await buckets.create({
      name,
      accountId: homeAccount.id,
      owner: { id: homeAccount.canonicalId, name: homeAccount.name },
      ...(versioned && { versioning: 'Enabled', lifecycle: [replacedVersions] }),
      ...(aside && { recorded: 'aside' }),
    });
    changes.push('made');
  } else if (versioned && bucket.versioning === undefined) {
    await buckets.update(bucket, row => ({
      ...row,
      versioning: 'Enabled',
      lifecycle: row.lifecycle ?? [replacedVersions],
    }));
    changes.push('versions are kept');
  }
  if (aside && bucket.recorded === undefined)
    await buckets.update(bucket, row => ({ ...row, recorded: 'aside' }));
  return changes;
}

async function prepareUser(iam: Iam, { accessKey, secretKey, policy, bucket }: Tenant): Promise<string[]> {
  const changes: string[] = [];
  const text = bucketPolicy(bucket);
  if (iam.policyText(policy) !== text) {
    await iam.setPolicy(policy, text);
    changes.push(`policy ${policy}`);
  }
  const user = iam.users.get(accessKey);
  if (user?.secretKey !== secretKey) {
    await iam.setUser(accessKey, secretKey);
    // Without its name: some users' keys are secrets of the stack, and this is written to a log.
    changes.push(user === undefined ? 'its user' : 'the secret of its user');
  }
  if (!iam.users.get(accessKey)?.policies.includes(policy))
    await iam.users.update(accessKey, row => ({ ...row!, policies: [...row!.policies, policy] }));
  return changes;
}
