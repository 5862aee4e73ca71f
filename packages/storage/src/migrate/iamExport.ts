/** Users, groups, policies and keys as MinIO exports them, secrets included: a zip of JSON documents. Pure. */
import { builtInPolicies } from '../iam/builtIn.ts';
import type { People } from './source.ts';
import { readZip } from './zip.ts';

interface Mapping {
  readonly policy?: string;
}
interface ServiceAccount {
  readonly parent: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionPolicy?: unknown;
  readonly status?: string;
  readonly name?: string;
  readonly expiration?: string;
}

const namesOf = (mapping: Mapping | undefined): string[] =>
  (mapping?.policy ?? '').split(',').filter(name => name !== '');

/** Go's zero of a time, or 1970, is never. */
export const momentOf = (text: string | undefined): string | undefined =>
  text !== undefined && Date.parse(text) > 0 ? text : undefined;

/** @param administrator whose keys become the new administrator's. @throws {RangeError} it is no archive */
export function readIamExport(bytes: Buffer, administrator: string): People {
  const files = readZip(bytes);
  const read = <T>(name: string): [string, T][] => {
    const text = files.get(`iam-assets/${name}.json`)?.toString('utf8');
    return text === undefined ? [] : Object.entries((JSON.parse(text) as Record<string, T> | null) ?? {});
  };
  const ofUsers = new Map(read<Mapping>('user_mappings'));
  const ofGroups = new Map(read<Mapping>('group_mappings'));
  return {
    policies: read<unknown>('policies')
      .filter(([name]) => !(name in builtInPolicies))
      .map(([name, document]) => ({ name, document: JSON.stringify(document) })),
    users: read<{ secretKey: string; status?: string }>('users').map(([name, { secretKey, status }]) => ({
      name,
      secretKey,
      enabled: status !== 'disabled' && status !== 'off',
      policies: namesOf(ofUsers.get(name)),
    })),
    groups: read<{ status?: string; members?: string[] | null }>('groups').map(
      ([name, { status, members }]) => ({
        name,
        enabled: status !== 'disabled',
        members: members ?? [],
        policies: namesOf(ofGroups.get(name)),
      }),
    ),
    keys: read<ServiceAccount>('svcaccts').map(([, each]) => ({
      accessKey: each.accessKey,
      secretKey: each.secretKey,
      user: each.parent === administrator ? undefined : each.parent,
      enabled: each.status !== 'off' && each.status !== 'disabled',
      policy: each.sessionPolicy ? JSON.stringify(each.sessionPolicy) : undefined,
      name: each.name || undefined,
      expires: momentOf(each.expiration),
    })),
  };
}
