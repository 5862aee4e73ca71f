/** The admin API that MinIO has and we serve, as functions of a connection. */
import { seal, unseal } from '../admin/seal.ts';
import type { Connection } from './connection.ts';
import { ClientError } from './error.ts';

export interface UserEntry {
  readonly name: string;
  readonly enabled: boolean;
  readonly policies: readonly string[];
  readonly groups: readonly string[];
}

export interface KeyEntry {
  readonly accessKey: string;
  readonly parentUser: string;
  readonly enabled: boolean;
  /** Whether it may less than its user. */
  readonly narrowed: boolean;
  readonly name: string | undefined;
  /** ISO 8601; undefined: never. */
  readonly expires: string | undefined;
}

export interface NewKey {
  readonly user?: string | undefined;
  /** A document. */
  readonly policy?: string | undefined;
  readonly name?: string | undefined;
  readonly expires?: string | undefined;
}

/** Whom a policy is attached to. */
export type Entity = { readonly user: string } | { readonly group: string };

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
type Query = Readonly<Record<string, string | undefined>>;

async function call(
  connection: Connection,
  method: Method,
  what: string,
  query: Query = {},
  body?: Buffer,
): Promise<Buffer> {
  return await connection.read({
    method,
    path: `/minio/admin/v3/${what}`,
    query,
    ...(body !== undefined && { body }),
  });
}

async function open<T>({ secretKey }: Connection, sealed: Buffer): Promise<T> {
  const bytes = await unseal(secretKey, sealed);
  if (bytes === undefined)
    throw new ClientError(
      'BadAnswer',
      200,
      'The answer cannot be opened with the secret key.',
      'Does a server with MinIO’s admin API answer there?',
    );
  return JSON.parse(bytes.toString('utf8')) as T;
}

const sealed = ({ secretKey }: Connection, value: object): Promise<Buffer> =>
  seal(secretKey, Buffer.from(JSON.stringify(value)));

export async function listUsers(connection: Connection): Promise<UserEntry[]> {
  const users = await open<Record<string, { status: string; policyName?: string; memberOf?: string[] }>>(
    connection,
    await call(connection, 'GET', 'list-users'),
  );
  return Object.entries(users)
    .map(([name, { status, policyName, memberOf }]) => ({
      name,
      enabled: status === 'enabled',
      policies: (policyName ?? '').split(',').filter(each => each !== ''),
      groups: memberOf ?? [],
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Makes a user, or gives it another secret. */
export async function addUser(connection: Connection, name: string, secretKey: string): Promise<void> {
  const body = await sealed(connection, { secretKey, status: 'enabled' });
  await call(connection, 'PUT', 'add-user', { accessKey: name }, body);
}

/** @throws {ClientError} XMinioAdminNoSuchUser */
export async function removeUser(connection: Connection, name: string): Promise<void> {
  await call(connection, 'DELETE', 'remove-user', { accessKey: name });
}

export async function setUserStatus(connection: Connection, name: string, enabled: boolean): Promise<void> {
  const status = enabled ? 'enabled' : 'disabled';
  await call(connection, 'PUT', 'set-user-status', { accessKey: name, status });
}

/** By name: the documents. */
export async function listPolicies(connection: Connection): Promise<Record<string, unknown>> {
  return JSON.parse((await call(connection, 'GET', 'list-canned-policies')).toString('utf8'));
}

export async function putPolicy(connection: Connection, name: string, document: string): Promise<void> {
  await call(connection, 'PUT', 'add-canned-policy', { name }, Buffer.from(document));
}

/** @throws {ClientError} XMinioAdminNoSuchPolicy, XMinioPolicyInUse */
export async function removePolicy(connection: Connection, name: string): Promise<void> {
  await call(connection, 'DELETE', 'remove-canned-policy', { name });
}

/** @returns false: it was so already. @throws {ClientError} */
export async function changePolicy(
  connection: Connection,
  entity: Entity,
  policies: readonly string[],
  change: 'attach' | 'detach',
): Promise<boolean> {
  try {
    const body = await sealed(connection, { ...entity, policies });
    await call(connection, 'POST', `idp/builtin/policy/${change}`, {}, body);
    return true;
  } catch (error) {
    if (error instanceof ClientError && error.code === 'XMinioAdminPolicyChangeAlreadyApplied') return false;
    throw error;
  }
}

export async function addToGroup(
  connection: Connection,
  group: string,
  members: readonly string[],
  enabled: boolean,
): Promise<void> {
  const groupStatus = enabled ? 'enabled' : 'disabled';
  const body = JSON.stringify({ group, members, groupStatus, isRemove: false });
  await call(connection, 'PUT', 'update-group-members', {}, Buffer.from(body));
}

interface ServiceAccount {
  readonly accessKey: string;
  readonly parentUser: string;
  readonly accountStatus: string;
  readonly impliedPolicy: boolean;
  readonly name?: string;
  readonly expiration?: string;
}

/** @param user undefined: the caller's own */
export async function listKeys(connection: Connection, user: string | undefined): Promise<KeyEntry[]> {
  const { accounts } = await open<{ accounts: ServiceAccount[] | null }>(
    connection,
    await call(connection, 'GET', 'list-service-accounts', { user: user ?? '' }),
  );
  return (accounts ?? []).map(each => ({
    accessKey: each.accessKey,
    parentUser: each.parentUser || (user ?? connection.accessKey),
    enabled: each.accountStatus !== 'off',
    narrowed: !each.impliedPolicy,
    name: each.name || undefined,
    expires: each.expiration && Date.parse(each.expiration) > 0 ? each.expiration : undefined,
  }));
}

export async function addKey(
  connection: Connection,
  { user, policy, name, expires }: NewKey,
  keys: { readonly accessKey?: string; readonly secretKey?: string } = {},
): Promise<{ readonly accessKey: string; readonly secretKey: string }> {
  const body = await sealed(connection, {
    ...keys,
    ...(user && { targetUser: user }),
    ...(policy && { policy: JSON.parse(policy) as unknown }),
    ...(name && { name }),
    ...(expires && { expiration: expires }),
  });
  const answer = await open<{ credentials: { accessKey: string; secretKey: string } }>(
    connection,
    await call(connection, 'PUT', 'add-service-account', {}, body),
  );
  const { accessKey, secretKey } = answer.credentials;
  return { accessKey, secretKey };
}

export async function removeKey(connection: Connection, accessKey: string): Promise<void> {
  await call(connection, 'DELETE', 'delete-service-account', { accessKey });
}
