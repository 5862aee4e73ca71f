import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { findUnfinished } from '../catalog/shelf.ts';
import { assertAllRead, provenOf, type Retention, type RetentionFacts } from '../retention.ts';
import type { HeldVault } from '../vault.ts';
import { type LogicalBackup, listLogicalBackups, logicalShelf, removeLogicalBackups } from './backups.ts';

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

/** @returns what was removed @throws {BackupError} CORRUPT where nothing may be; FOREIGN */
export async function applyLogicalRetention(
  vault: HeldVault,
  retention: Retention,
  time: Witness,
): Promise<readonly string[]> {
  const { backups, damaged } = await listLogicalBackups(vault);
  assertAllRead(damaged.map(({ reason }) => reason));
  const old = planLogicalRetention(backups, retention, { time, proven: await provenOf(vault, 'logical') });
  const listed = backups.map(({ id }) => id);
  const remove = [...old, ...(await findUnfinished(vault, logicalShelf, listed, time))];
  await removeLogicalBackups(vault, remove);
  return remove;
}
