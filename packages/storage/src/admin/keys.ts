/** Keys of their own that users make: service accounts; and the temporary ones of STS. */

import { S3Error } from '../errors/s3Error.ts';
import { addServiceAccount, existingUser, policiesOf, updateServiceAccount } from '../iam/administration.ts';
import type { Iam } from '../iam/iam.ts';
import type { ServiceAccountRecord, SessionRecord } from '../iam/records.ts';
import { type AdminCall, type AdminRequest, allOf, need } from './call.ts';
import { permitAdmin } from './permit.ts';
import { documentIn, readFields, textIn, timeIn } from './read.ts';

/** Go's zero of a time that never comes. */
const never = '1970-01-01T00:00:00Z';

function describeService(row: ServiceAccountRecord) {
  return {
    parentUser: row.parent,
    accountStatus: row.enabled ? 'on' : 'off',
    impliedPolicy: row.policy === undefined,
    accessKey: row.accessKey,
    ...(row.name && { name: row.name }),
    ...(row.description && { description: row.description }),
    expiration: row.expires === undefined ? never : new Date(row.expires).toISOString(),
  };
}

function describeSession({ accessKey, parent, policy, expires }: SessionRecord): object {
  return {
    parentUser: parent,
    accountStatus: 'on',
    impliedPolicy: policy === undefined,
    accessKey,
    expiration: new Date(expires).toISOString(),
  };
}

/** The document that holds: its own, or all that its parent has. */
function policyOf(iam: Iam, { parent, policy }: ServiceAccountRecord | SessionRecord): string {
  if (policy !== undefined) return policy;
  const names = parent === iam.root.accessKey ? ['consoleAdmin'] : policiesOf(iam, parent);
  const statements = names.flatMap(name => {
    const text = iam.policyText(name);
    return text === undefined ? [] : [(JSON.parse(text) as { Statement: unknown }).Statement].flat();
  });
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

const ownKey =
  (action: string) =>
  (call: AdminRequest): { action: string; isOwn: boolean } => {
    const { iam } = call.server;
    const key = need(call, 'accessKey');
    return { action, isOwn: (iam.serviceAccounts.get(key) ?? iam.session(key))?.parent === call.callerName };
  };

function existing(call: AdminRequest): ServiceAccountRecord {
  const row = call.server.iam.serviceAccounts.get(need(call, 'accessKey'));
  if (row === undefined)
    throw new S3Error('XMinioInvalidIAMCredentials', {
      message: 'The specified service account is not found',
      status: 404,
    });
  // What belongs to the root user is its own: whoever has it is the root user.
  if (row.parent === call.server.iam.root.accessKey && call.caller.identity.kind !== 'root')
    throw new S3Error('AccessDenied');
  return row;
}

/** The user that lists and new keys are of: who is named, or the caller. */
function userOf(call: AdminRequest, named: string | undefined): string {
  return named || call.callerName;
}

async function add(call: AdminRequest): Promise<object> {
  const { iam } = call.server;
  const fields = readFields(call.body);
  const parent = userOf(call, textIn(fields, 'targetUser'));
  if (parent !== call.callerName) permitAdmin(call.request, 'admin:CreateServiceAccount');
  const { identity } = call.caller;
  if (parent === iam.root.accessKey) {
    if (identity.kind !== 'root') throw new S3Error('AccessDenied');
  } else existingUser(iam, parent);
  // Who is narrowed makes nothing that is not.
  if (identity.kind !== 'anonymous' && identity.sessionPolicy !== undefined)
    throw new S3Error('AccessDenied');
  const row = await addServiceAccount(iam, {
    parent,
    accessKey: textIn(fields, 'accessKey'),
    secretKey: textIn(fields, 'secretKey'),
    policy: documentIn(fields, 'policy'),
    name: textIn(fields, 'name'),
    description: textIn(fields, 'description') ?? textIn(fields, 'comment'),
    expires: timeIn(fields, 'expiration'),
  });
  return {
    credentials: {
      accessKey: row.accessKey,
      secretKey: row.secretKey,
      expiration: row.expires === undefined ? never : new Date(row.expires).toISOString(),
    },
  };
}

async function update(call: AdminRequest): Promise<undefined> {
  const { iam } = call.server;
  const { accessKey } = existing(call);
  const fields = readFields(call.body);
  const { identity } = call.caller;
  if (identity.kind !== 'anonymous' && identity.sessionPolicy !== undefined)
    throw new S3Error('AccessDenied');
  const status = textIn(fields, 'newStatus');
  const expires = textIn(fields, 'newExpiration');
  await updateServiceAccount(iam, accessKey, {
    secretKey: textIn(fields, 'newSecretKey'),
    policy: documentIn(fields, 'newPolicy'),
    name: textIn(fields, 'newName'),
    description: textIn(fields, 'newDescription'),
    ...(status !== undefined && { enabled: status === 'on' || status === 'enabled' }),
    ...(expires !== undefined && { expires: timeIn(fields, 'newExpiration') }),
  });
  return undefined;
}

/** Of several users: what `mc admin accesskey ls` asks for. */
function listBulk(call: AdminRequest): object {
  const { iam } = call.server;
  const named = allOf(call, 'users');
  const isAll = need(call, 'all') === 'true';
  if (isAll && named.length > 0) throw new S3Error('InvalidRequest');
  const isOwn = !isAll && named.every(name => name === call.callerName);
  if (!isOwn) permitAdmin(call.request, 'admin:ListServiceAccounts');
  const kind = need(call, 'listType');
  const users = isAll
    ? [...iam.users.all().map(({ name }) => name), iam.root.accessKey]
    : named.length === 0
      ? [call.callerName]
      : named;
  return Object.fromEntries(
    users.map(user => [
      user,
      {
        serviceAccounts:
          kind === 'svcacc-only' || kind === 'all'
            ? iam.serviceAccounts
                .all()
                .filter(({ parent }) => parent === user)
                .map(describeService)
            : null,
        stsKeys: kind === 'sts-only' || kind === 'all' ? iam.sessionsOf(user).map(describeSession) : null,
      },
    ]),
  );
}

export const keyCalls: readonly AdminCall[] = [
  {
    method: 'PUT',
    path: 'add-service-account',
    action: () => ({ action: 'admin:CreateServiceAccount', isOwn: true }),
    sealed: 'both',
    run: add,
  },
  {
    method: 'POST',
    path: 'update-service-account',
    action: ownKey('admin:UpdateServiceAccount'),
    sealed: 'body',
    emptyStatus: 204,
    run: update,
  },
  {
    method: 'DELETE',
    path: 'delete-service-account',
    action: ownKey('admin:RemoveServiceAccount'),
    emptyStatus: 204,
    async run(call) {
      await call.server.iam.serviceAccounts.remove(existing(call).accessKey);
      return undefined;
    },
  },
  {
    method: 'GET',
    path: 'info-service-account',
    action: ownKey('admin:ListServiceAccounts'),
    sealed: 'answer',
    run(call) {
      const row = existing(call);
      const told = { ...describeService(row), policy: policyOf(call.server.iam, row) };
      return { ...told, expiration: row.expires === undefined ? null : told.expiration };
    },
  },
  {
    method: 'GET',
    path: 'temporary-account-info',
    action: ownKey('admin:ListTemporaryAccounts'),
    sealed: 'answer',
    run(call) {
      const row = call.server.iam.session(need(call, 'accessKey'));
      if (row === undefined) throw new S3Error('XMinioAdminNoSuchAccessKey');
      return { ...describeSession(row), policy: policyOf(call.server.iam, row) };
    },
  },
  {
    method: 'GET',
    path: 'info-access-key',
    action: ownKey('admin:ListServiceAccounts'),
    sealed: 'answer',
    run(call) {
      const { iam } = call.server;
      const key = need(call, 'accessKey') || call.caller.accessKey;
      const service = iam.serviceAccounts.get(key);
      const row = service ?? iam.session(key);
      if (row === undefined) throw new S3Error('XMinioAdminNoSuchAccessKey');
      return {
        ...(service === undefined ? describeSession(row as SessionRecord) : describeService(service)),
        accessKey: key,
        policy: policyOf(iam, row),
        userType: service === undefined ? 'STS' : 'Service Account',
        userProvider: 'builtin',
      };
    },
  },
  {
    method: 'GET',
    path: 'list-service-accounts',
    action: call => ({
      action: 'admin:ListServiceAccounts',
      isOwn: userOf(call, need(call, 'user')) === call.callerName,
    }),
    sealed: 'answer',
    run(call) {
      const user = userOf(call, need(call, 'user'));
      const rows = call.server.iam.serviceAccounts.all().filter(({ parent }) => parent === user);
      return { accounts: rows.map(describeService) };
    },
  },
  {
    method: 'GET',
    path: 'list-access-keys-bulk',
    action: () => ({ action: 'admin:ListServiceAccounts', isOwn: true }),
    sealed: 'answer',
    run: listBulk,
  },
  {
    method: 'POST',
    path: 'revoke-tokens/',
    emptyStatus: 204,
    action: call => ({
      action: 'admin:RemoveServiceAccount',
      isOwn: userOf(call, need(call, 'user')) === call.callerName,
    }),
    async run(call) {
      await call.server.iam.revokeSessions(userOf(call, need(call, 'user')));
      return undefined;
    },
  },
];
