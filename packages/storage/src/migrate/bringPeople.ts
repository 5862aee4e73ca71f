/** Users, groups, policies and keys, to a server with MinIO's admin API. What is there already is brought up to date. */
import {
  addKey,
  addToGroup,
  addUser,
  ClientError,
  type Connection,
  changePolicy,
  putPolicy,
  setUserStatus,
} from '../client/index.ts';
import { attempt } from './settings.ts';
import type { People } from './source.ts';

export interface PeopleCounts {
  policies: number;
  users: number;
  groups: number;
  keys: number;
}

export async function bringPeople(
  to: Connection,
  people: People,
  onNote: (text: string) => void,
): Promise<PeopleCounts> {
  const counts: PeopleCounts = { policies: 0, users: 0, groups: 0, keys: 0 };
  const bring = async (kind: keyof PeopleCounts, name: string, work: () => Promise<void>): Promise<void> => {
    if (await attempt(`${kind} ${name}`, onNote, work)) counts[kind]++;
  };
  for (const { name, document } of people.policies)
    await bring('policies', name, () => putPolicy(to, name, document));
  for (const { name, secretKey, enabled, policies } of people.users)
    await bring('users', name, async () => {
      await addUser(to, name, secretKey);
      if (!enabled) await setUserStatus(to, name, false);
      if (policies.length > 0) await changePolicy(to, { user: name }, policies, 'attach');
    });
  for (const { name, members, policies, enabled } of people.groups)
    await bring('groups', name, async () => {
      await addToGroup(to, name, members, enabled);
      if (policies.length > 0) await changePolicy(to, { group: name }, policies, 'attach');
    });
  for (const { accessKey, secretKey, user, policy, name, expires, enabled } of people.keys)
    await bring('keys', accessKey, async () => {
      try {
        await addKey(to, { user, policy, name, expires }, { accessKey, secretKey });
      } catch (error) {
        // Brought by a run before this one.
        if (!(error instanceof ClientError) || error.code !== 'XMinioInvalidIAMCredentials') throw error;
      }
      if (!enabled)
        onNote(
          `key ${accessKey} is switched off in the source, and on here: remove it where it is not needed.`,
        );
    });
  return counts;
}
