/** What the start of the stack must know of backups. */
import path from 'node:path';
import { readBackupConfig } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/** A relative folder is meant from the project, wherever the service's process is. */
export function settings({ project }: StackPaths, { BACKUP_STORE }: EnvValues): EnvValues {
  if (!BACKUP_STORE || BACKUP_STORE.includes('://')) return {};
  return { BACKUP_STORE: path.resolve(project, BACKUP_STORE) };
}

export function assertSettings(env: EnvValues): void {
  readBackupConfig(env, '/');
}
