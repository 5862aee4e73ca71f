import type { Retention } from '../retention.ts';
import { unfinishedMs } from '../retention.ts';
import type { Vault } from '../vault.ts';
import {
  type LogicalBackup,
  listLogicalBackups,
  removeLogicalBackups,
  removeUnfinishedLogical,
} from './backups.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Of each database what is older than `days` may go, but for the newest `fulls`. Pure. @returns ids, oldest first */
export function planLogicalRetention(
  backups: readonly LogicalBackup[],
  { days, fulls }: Retention,
  now: Date,
): readonly string[] {
  const begin = now.getTime() - days * dayMs;
  return backups
    .filter(backup => {
      const newer = backups.filter(({ database, id }) => database === backup.database && id > backup.id);
      return newer.length >= Math.max(1, fulls) && Date.parse(backup.endedAt) <= begin;
    })
    .map(({ id }) => id);
}

/** @returns what was removed */
export async function applyLogicalRetention(
  vault: Vault,
  retention: Retention,
  now: Date,
): Promise<readonly string[]> {
  const { backups } = await listLogicalBackups(vault);
  const old = planLogicalRetention(backups, retention, now);
  await removeLogicalBackups(vault, old);
  const unfinished = await removeUnfinishedLogical(vault, new Date(now.getTime() - unfinishedMs));
  return [...old, ...unfinished];
}
