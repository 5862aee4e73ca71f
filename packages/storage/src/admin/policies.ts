import { S3Error } from '../errors/s3Error.ts';
import { changePolicies, existingGroup, existingUser, groupsOf } from '../iam/administration.ts';
import { builtInPolicies } from '../iam/builtIn.ts';
import type { Iam } from '../iam/iam.ts';
import { type AdminCall, type AdminRequest, allOf, need } from './call.ts';
import { readFields, textIn, textsIn } from './read.ts';

const maxPolicyBytes = 20 * 1024;

function documentOf(iam: Iam, name: string): unknown {
  const text = iam.policyText(name);
  if (text === undefined) throw new S3Error('XMinioAdminNoSuchPolicy');
  return JSON.parse(text);
}

async function change(call: AdminRequest, isAttach: boolean): Promise<object> {
  const { iam } = call.server;
  const fields = readFields(call.body);
  const policies = textsIn(fields, 'policies');
  const [user, group] = [textIn(fields, 'user'), textIn(fields, 'group')];
  if (policies.length === 0 || (user === undefined) === (group === undefined))
    throw new S3Error('XMinioAdminInvalidArgument', 'Policies, and a user or a group, are needed.');
  const changed = await changePolicies(
    iam,
    user === undefined ? { group: group! } : { user },
    isAttach ? policies : [],
    isAttach ? [] : policies,
  );
  return {
    ...(isAttach ? { policiesAttached: changed } : { policiesDetached: changed }),
    updatedAt: new Date().toISOString(),
  };
}

/** Who has which policies: of those that are named, or all. */
function entities(call: AdminRequest): object {
  const { iam } = call.server;
  const [users, groups, policies] = ['user', 'group', 'policy'].map(name => allOf(call, name));
  const isAll = users!.length + groups!.length + policies!.length === 0;
  const groupMapping = (name: string) => ({ group: name, policies: iam.groups.get(name)?.policies ?? [] });
  const userMapping = (name: string) => ({
    user: name,
    policies: iam.users.get(name)?.policies ?? [],
    ...(!isAll && { memberOfMappings: groupsOf(iam, name).map(groupMapping) }),
  });
  const having = (rows: readonly { readonly name: string; readonly policies: readonly string[] }[]) =>
    rows.filter(row => row.policies.length > 0);
  const policyMapping = (name: string) => ({
    policy: name,
    users: iam.users.all().flatMap(row => (row.policies.includes(name) ? [row.name] : [])),
    groups: iam.groups.all().flatMap(row => (row.policies.includes(name) ? [row.name] : [])),
  });
  const used = new Set([...iam.users.all(), ...iam.groups.all()].flatMap(row => row.policies));
  return {
    timestamp: new Date().toISOString(),
    userMappings: (isAll ? having(iam.users.all()).map(({ name }) => name) : users!).map(userMapping),
    groupMappings: (isAll ? having(iam.groups.all()).map(({ name }) => name) : groups!).map(groupMapping),
    policyMappings: (isAll ? [...used] : policies!).map(policyMapping),
  };
}

export const policyCalls: readonly AdminCall[] = [
  {
    method: 'PUT',
    path: 'add-canned-policy',
    action: 'admin:CreatePolicy',
    async run(call) {
      if (call.body.length > maxPolicyBytes) throw new S3Error('MaxMessageLengthExceeded');
      const name = need(call, 'name');
      if (/[\s,/]/.test(name))
        throw new S3Error('XMinioAdminInvalidArgument', 'Policy name has invalid characters.');
      await call.server.iam.setPolicy(name, call.body.toString('utf8'));
      return undefined;
    },
  },
  {
    method: 'GET',
    path: 'info-canned-policy',
    action: 'admin:GetPolicy',
    run(call) {
      const name = need(call, 'name');
      const { iam } = call.server;
      const document = documentOf(iam, name);
      if (need(call, 'v') !== '2') return document as object;
      const row = iam.policies.get(name);
      const times = row && {
        CreateDate: new Date(row.created).toISOString(),
        UpdateDate: new Date(row.updated).toISOString(),
      };
      return { PolicyName: name, Policy: document, ...times };
    },
  },
  {
    method: 'GET',
    path: 'list-canned-policies',
    action: 'admin:ListUserPolicies',
    run: ({ server: { iam } }) =>
      Object.fromEntries(
        [...new Set([...Object.keys(builtInPolicies), ...iam.policies.all().map(({ name }) => name)])]
          .sort()
          .map(name => [name, documentOf(iam, name)]),
      ),
  },
  {
    method: 'DELETE',
    path: 'remove-canned-policy',
    action: 'admin:DeletePolicy',
    async run(call) {
      await call.server.iam.removePolicy(need(call, 'name'));
      return undefined;
    },
  },
  {
    // Older clients: what is named takes the place of all that was attached.
    method: 'PUT',
    path: 'set-user-or-group-policy',
    action: 'admin:AttachUserOrGroupPolicy',
    async run(call) {
      const { iam } = call.server;
      const name = need(call, 'userOrGroup');
      const wanted = need(call, 'policyName')
        .split(',')
        .filter(each => each !== '');
      const isGroup = need(call, 'isGroup') === 'true';
      const present = (isGroup ? existingGroup(iam, name) : existingUser(iam, name)).policies;
      const more = wanted.filter(each => !present.includes(each));
      const fewer = present.filter(each => !wanted.includes(each));
      if (more.length + fewer.length > 0)
        await changePolicies(iam, isGroup ? { group: name } : { user: name }, more, fewer);
      return undefined;
    },
  },
  {
    method: 'POST',
    path: 'idp/builtin/policy/attach',
    action: 'admin:AttachUserOrGroupPolicy',
    sealed: 'both',
    run: call => change(call, true),
  },
  {
    method: 'POST',
    path: 'idp/builtin/policy/detach',
    action: 'admin:UpdatePolicyAssociation',
    sealed: 'both',
    run: call => change(call, false),
  },
  {
    method: 'GET',
    path: 'idp/builtin/policy-entities',
    action: 'admin:ListUserPolicies',
    sealed: 'answer',
    run: entities,
  },
];
