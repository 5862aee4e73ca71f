/** What administrators do with users, groups, policies and keys; each refusal in the admin API's words. */
import { randomBytes } from 'node:crypto';
import { S3Error } from '../errors/s3Error.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { Iam } from './iam.ts';
import type { Identity } from './identity.ts';
import type { GroupRecord, ServiceAccountRecord, UserRecord } from './records.ts';

const minSecretLength = 8;
const maxSecretLength = 40;
const minAccessKeyLength = 3;
const maxAccessKeyLength = 128;
const maxTextLength = 256;
const maxKeysPerUser = 1000;

/** Whose rights an identity has: a user's name, or the root user's access key. */
export function nameOf(iam: Iam, identity: Identity): string {
  if (identity.kind === 'member') return identity.member.subject ?? identity.member.role;
  return identity.kind === 'user' ? identity.name : iam.root.accessKey;
}

/** @throws {S3Error} XMinioAdminNoSuchUser */
export function existingUser(iam: Iam, name: string): UserRecord {
  const user = iam.users.get(name);
  if (user === undefined) throw new S3Error('XMinioAdminNoSuchUser');
  return user;
}

/** @throws {S3Error} XMinioAdminNoSuchGroup */
export function existingGroup(iam: Iam, name: string): GroupRecord {
  const group = iam.groups.get(name);
  if (group === undefined) throw new S3Error('XMinioAdminNoSuchGroup');
  return group;
}

/** Names of the groups that a user is in. */
export function groupsOf(iam: Iam, user: string): string[] {
  return iam.groups.all().flatMap(({ name, members }) => (members.includes(user) ? [name] : []));
}

/** Names of a user's policies, its own and its groups'. */
export function policiesOf(iam: Iam, user: string): string[] {
  const own = iam.users.get(user)?.policies ?? [];
  const groups = iam.groups.all().filter(({ enabled, members }) => enabled && members.includes(user));
  return [...new Set([...own, ...groups.flatMap(({ policies }) => policies)])];
}

/** Makes the group where it is missing. @throws {S3Error} XMinioAdminNoSuchUser, XMinioAdminInvalidArgument */
export async function addToGroup(
  iam: Iam,
  name: string,
  members: readonly string[],
  enabled: boolean | undefined,
): Promise<void> {
  if (name === '' || name.length > maxAccessKeyLength || /[,=/\s]/.test(name))
    throw new S3Error('XMinioAdminInvalidArgument', 'A group’s name has no space, comma, slash or =.');
  for (const member of members) existingUser(iam, member);
  await iam.groups.update(name, row => ({
    name,
    enabled: enabled ?? row?.enabled ?? true,
    members: [...new Set([...(row?.members ?? []), ...members])],
    policies: row?.policies ?? [],
    updated: Date.now(),
  }));
}

/** Without members to remove, the group goes. @throws {S3Error} XMinioAdminNoSuchGroup, XMinioAdminGroupNotEmpty */
export async function removeFromGroup(iam: Iam, name: string, members: readonly string[]): Promise<void> {
  const group = existingGroup(iam, name);
  if (members.length > 0) {
    await iam.groups.update(name, row => ({
      ...row!,
      members: row!.members.filter(each => !members.includes(each)),
      updated: Date.now(),
    }));
    return;
  }
  if (group.members.length > 0) throw new S3Error('XMinioAdminGroupNotEmpty');
  await iam.groups.remove(name);
}

/**
 * Attaches and detaches policies.
 * @returns those that were
 * @throws {S3Error} XMinioAdminNoSuchPolicy, XMinioAdminNoSuchUser, XMinioAdminNoSuchGroup; XMinioAdminPolicyChangeAlreadyApplied
 * when nothing would change
 */
export async function changePolicies(
  iam: Iam,
  entity: { readonly user: string } | { readonly group: string },
  attach: readonly string[],
  detach: readonly string[],
): Promise<string[]> {
  for (const name of attach)
    if (iam.policyText(name) === undefined) throw new S3Error('XMinioAdminNoSuchPolicy');
  const changed = (present: readonly string[]): string[] => [
    ...attach.filter(name => !present.includes(name)),
    ...detach.filter(name => present.includes(name)),
  ];
  const next = <Row extends UserRecord | GroupRecord>(row: Row): Row => ({
    ...row,
    policies: [...new Set([...row.policies, ...attach])].filter(name => !detach.includes(name)),
    updated: Date.now(),
  });
  const isUser = 'user' in entity;
  const present = isUser ? existingUser(iam, entity.user) : existingGroup(iam, entity.group);
  const done = changed(present.policies);
  if (done.length === 0) throw new S3Error('XMinioAdminPolicyChangeAlreadyApplied');
  if (isUser) await iam.users.update(entity.user, row => next(row!));
  else await iam.groups.update(entity.group, row => next(row!));
  return done;
}

export interface NewServiceAccount {
  readonly parent: string;
  /** Absent: made up. */
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly policy?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly expires?: number | undefined;
}

/** @throws {S3Error} XMinioAdminInvalidArgument, MalformedPolicy, XMinioInvalidIAMCredentials for a key that is taken */
export async function addServiceAccount(iam: Iam, given: NewServiceAccount): Promise<ServiceAccountRecord> {
  const accessKey = given.accessKey ?? randomBytes(10).toString('hex').toUpperCase();
  const secretKey = given.secretKey ?? randomBytes(30).toString('base64url');
  assertKeys(accessKey, secretKey);
  assertTexts(given);
  if (given.policy !== undefined) parsePolicy(given.policy, 'identity');
  if (iam.serviceAccounts.all().filter(({ parent }) => parent === given.parent).length >= maxKeysPerUser)
    throw new S3Error('XMinioAdminInvalidArgument', `A user has at most ${maxKeysPerUser} keys.`);
  return await iam.serviceAccounts.update(accessKey, row => {
    if (row !== undefined || accessKey === iam.root.accessKey || iam.users.get(accessKey) !== undefined)
      throw new S3Error('XMinioInvalidIAMCredentials', 'The access key is taken.');
    return { ...given, accessKey, secretKey, enabled: true };
  });
}

export type ServiceAccountChange = Partial<
  Pick<ServiceAccountRecord, 'secretKey' | 'policy' | 'name' | 'description' | 'enabled' | 'expires'>
>;

/** What is undefined stays as it is. @throws {S3Error} XMinioAdminInvalidArgument, MalformedPolicy */
export async function updateServiceAccount(
  iam: Iam,
  accessKey: string,
  change: { readonly [Name in keyof ServiceAccountChange]: ServiceAccountChange[Name] | undefined },
): Promise<void> {
  if (change.secretKey !== undefined) assertKeys(accessKey, change.secretKey);
  assertTexts(change);
  if (change.policy !== undefined) parsePolicy(change.policy, 'identity');
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  await iam.serviceAccounts.update(accessKey, row => ({ ...row!, ...given }));
}

function assertKeys(accessKey: string, secretKey: string): void {
  if (
    accessKey.length < minAccessKeyLength ||
    accessKey.length > maxAccessKeyLength ||
    /[=,\s/\x00-\x1f]/.test(accessKey)
  )
    throw new S3Error(
      'XMinioAdminInvalidArgument',
      'An access key has at least 3 characters, none of them = , / or a space.',
    );
  if (secretKey.length < minSecretLength || secretKey.length > maxSecretLength)
    throw new S3Error(
      'XMinioAdminInvalidArgument',
      `A secret key has ${minSecretLength} to ${maxSecretLength} characters.`,
    );
}

function assertTexts({
  name = '',
  description = '',
}: {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
}): void {
  if (name.length > maxTextLength || description.length > maxTextLength)
    throw new S3Error(
      'XMinioAdminInvalidArgument',
      `Names and descriptions have at most ${maxTextLength} characters.`,
    );
}
