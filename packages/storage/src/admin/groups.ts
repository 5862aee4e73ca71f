import { S3Error } from '../errors/s3Error.ts';
import { addToGroup, existingGroup, removeFromGroup } from '../iam/administration.ts';
import type { AdminCall } from './call.ts';
import { need } from './call.ts';
import { readFields, textIn, textsIn } from './read.ts';

export const groupCalls: readonly AdminCall[] = [
  {
    method: 'PUT',
    path: 'update-group-members',
    action: 'admin:AddUserToGroup',
    async run({ server: { iam }, body }) {
      const fields = readFields(body);
      const group = textIn(fields, 'group') ?? '';
      const members = textsIn(fields, 'members');
      const status = textIn(fields, 'groupStatus');
      if (fields.isRemove === true) await removeFromGroup(iam, group, members);
      else await addToGroup(iam, group, members, status === undefined ? undefined : status === 'enabled');
      return undefined;
    },
  },
  {
    method: 'GET',
    path: 'group',
    action: 'admin:GetGroup',
    run(call) {
      const { name, enabled, members, policies, updated } = existingGroup(
        call.server.iam,
        need(call, 'group'),
      );
      return {
        name,
        status: enabled ? 'enabled' : 'disabled',
        members,
        policy: policies.join(','),
        updatedAt: new Date(updated).toISOString(),
      };
    },
  },
  {
    method: 'GET',
    path: 'groups',
    action: 'admin:ListGroups',
    run: ({ server }) =>
      server.iam.groups
        .all()
        .map(({ name }) => name)
        .sort(),
  },
  {
    method: 'PUT',
    path: 'set-group-status',
    action: 'admin:EnableGroup',
    async run(call) {
      const { iam } = call.server;
      const { name } = existingGroup(iam, need(call, 'group'));
      const status = need(call, 'status');
      if (status !== 'enabled' && status !== 'disabled') throw new S3Error('XMinioAdminInvalidArgument');
      await iam.groups.update(name, row => ({
        ...row!,
        enabled: status === 'enabled',
        updated: Date.now(),
      }));
      return undefined;
    },
  },
];
