import { momentBefore, type Witness } from '@peakstone/kernel/witness';
import { findUnfinished } from '../catalog/shelf.ts';
import { agesOf, assertAllRead, provenOf, type Retention, type RetentionFacts } from '../retention.ts';
import type { HeldVault } from '../vault.ts';
import { type LogicalBackup, listLogicalBackups, logicalShelf, removeLogicalBackups } from './backups.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Of each database what is older than `days` may go, but for the newest `fulls` and what is known to be good. Pure. @param backups in the order in which they were made @returns ids, oldest first */
export function planLogicalRetention(
  backups: readonly LogicalBackup[],
  { days, fulls }: Retention,
  { time, proven }: Pick<RetentionFacts, 'time' | 'proven'>,
): readonly string[] {
  const begin = momentBefore(time, days * dayMs);
  const ends = agesOf(backups, time);
  return backups
    .filter((backup, at) => {
      const newer = backups.slice(at + 1).filter(({ database }) => database === backup.database);
      const isOld = newer.length >= Math.max(1, fulls) && ends.get(backup)! <= begin;
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
