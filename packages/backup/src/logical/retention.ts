import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { readProven } from '../catalog/tests.ts';
import type { Retention, RetentionFacts } from '../retention.ts';
import { unfinishedMs } from '../retention.ts';
import type { Vault } from '../vault.ts';
import {
  type LogicalBackup,
  listLogicalBackups,
  removeLogicalBackups,
  removeUnfinishedLogical,
} from './backups.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Of each database what is older than `days` may go, but for the newest `fulls` and what is known to be good. Pure. @returns ids, oldest first */
export function planLogicalRetention(
  backups: readonly LogicalBackup[],
  { days, fulls }: Retention,
  { time, proven }: Pick<RetentionFacts, 'time' | 'proven'>,
): readonly string[] {
  const begin = momentBefore(time, days * dayMs);
  return backups
    .filter(backup => {
      const newer = backups.filter(({ database, id }) => database === backup.database && id > backup.id);
      const isOld = newer.length >= Math.max(1, fulls) && Date.parse(backup.endedAt) <= begin;
      return isOld && backup.id !== proven;
    })
    .map(({ id }) => id);
}

/** @returns what was removed */
export async function applyLogicalRetention(
  vault: Vault,
  retention: Retention,
  time: Witness,
): Promise<readonly string[]> {
  const { backups } = await listLogicalBackups(vault);
  const old = planLogicalRetention(backups, retention, {
    time,
    proven: await readProven(vault, 'logical'),
  });
  await removeLogicalBackups(vault, old);
  const unfinished = await removeUnfinishedLogical(vault, new Date(momentBefore(time, unfinishedMs)));
  return [...old, ...unfinished];
}
