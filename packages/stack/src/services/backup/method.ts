/** How a database is backed up: by its files and its WAL, or, where others run it and let nobody copy these, as SQL. Pure. */
import { readEnum } from '@peakstone/kernel/config';
import type { EnvValues } from '../../project/envFile.ts';
import { externalUrl } from '../../project/urls.ts';

export type BackupMethod = 'physical' | 'logical';

/** @throws {ConfigError} BACKUP_METHOD */
export function backupMethod(env: EnvValues): BackupMethod {
  const choice = readEnum(env, 'BACKUP_METHOD', ['auto', 'physical', 'logical'], {
    default: 'auto' as const,
  });
  if (choice !== 'auto') return choice;
  // Who names a role for it has given it REPLICATION.
  return externalUrl(env.DATABASE_ENGINE) === null || env.BACKUP_DATABASE_URL ? 'physical' : 'logical';
}
