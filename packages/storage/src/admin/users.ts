import { S3Error } from '../errors/s3Error.ts';
import { existingUser, groupsOf } from '../iam/administration.ts';
import type { UserRecord } from '../iam/records.ts';
import type { Server } from '../server.ts';
import type { AdminCall } from './call.ts';
import { need } from './call.ts';
import { readFields, textIn } from './read.ts';

function describeUser({ iam }: Server, user: UserRecord): object {
  return {
    ...(user.policies.length > 0 && { policyName: user.policies.join(',') }),
    status: user.enabled ? 'enabled' : 'disabled',
    memberOf: groupsOf(iam, user.name),
    updatedAt: new Date(user.updated).toISOString(),
  };
}

/** @throws {S3Error} XMinioAdminInvalidArgument */
function isEnabled(status: string | undefined): boolean {
  if (status !== 'enabled' && status !== 'disabled')
    throw new S3Error('XMinioAdminInvalidArgument', 'A status is enabled or disabled.');
  return status === 'enabled';
}

export const userCalls: readonly AdminCall[] = [
  {
    method: 'PUT',
    path: 'add-user',
    // Everybody may give itself another secret, with the one that it has: none of its further keys may.
    action: call => ({
      action: 'admin:CreateUser',
      isOwn: need(call, 'accessKey') === call.caller.accessKey,
    }),
    sealed: 'body',
    async run(call) {
      const { iam } = call.server;
      const name = need(call, 'accessKey');
      if (iam.serviceAccounts.get(name) !== undefined)
        throw new S3Error('XMinioInvalidIAMCredentials', 'There is a service account of this name.');
      const fields = readFields(call.body);
      const status = textIn(fields, 'status');
      const enabled = status === undefined ? (iam.users.get(name)?.enabled ?? true) : isEnabled(status);
      // Nobody switches itself on again.
      if (name === call.callerName && enabled !== iam.users.get(name)?.enabled)
        throw new S3Error('AccessDenied');
      await iam.setUser(name, textIn(fields, 'secretKey'), enabled);
      return undefined;
    },
  },
  {
    method: 'DELETE',
    path: 'remove-user',
    action: 'admin:DeleteUser',
    async run(call) {
      const name = need(call, 'accessKey');
      existingUser(call.server.iam, name);
      if (name === call.callerName)
        throw new S3Error('XMinioInvalidIAMCredentials', 'Nobody removes itself.');
      await call.server.iam.removeUser(name);
      return undefined;
    },
  },
  {
    method: 'PUT',
    path: 'set-user-status',
    action: 'admin:EnableUser',
    async run(call) {
      const name = need(call, 'accessKey');
      if (name === call.callerName) throw new S3Error('XMinioInvalidIAMCredentials');
      const enabled = isEnabled(need(call, 'status'));
      existingUser(call.server.iam, name);
      await call.server.iam.users.update(name, row => ({ ...row!, enabled, updated: Date.now() }));
      return undefined;
    },
  },
  {
    method: 'GET',
    path: 'list-users',
    action: 'admin:ListUsers',
    sealed: 'answer',
    run: ({ server }) =>
      Object.fromEntries(server.iam.users.all().map(user => [user.name, describeUser(server, user)])),
  },
  {
    method: 'GET',
    path: 'user-info',
    action: call => ({ action: 'admin:GetUser', isOwn: need(call, 'accessKey') === call.callerName }),
    run: call => describeUser(call.server, existingUser(call.server.iam, need(call, 'accessKey'))),
  },
];
