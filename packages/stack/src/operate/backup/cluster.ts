/** Which database a stack has, as backups call it: by its system identifier. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, identifyCluster } from '@peakstone/backup';
import { locateDataFolder } from '@peakstone/database';
import { ConnectionError, PgError } from '@peakstone/kernel/pg';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { externalUrl } from '../../project/urls.ts';
import { givenDatabaseUrl } from '../../services/backup/databaseUrl.ts';
import { backupMethod } from '../../services/backup/method.ts';
import { databaseDir } from '../../services/postgres/folder.ts';

/** Undefined where there is no database yet, or nobody answers for it. @throws {ConfigError} */
export async function ownCluster(paths: StackPaths, env: EnvValues): Promise<string | undefined> {
  const url = givenDatabaseUrl(env) ?? externalUrl(env.DATABASE_ENGINE);
  return url === null ? identifierIn(databaseDir(paths, env)) : await ask(url, env);
}

async function ask(url: string, env: EnvValues): Promise<string | undefined> {
  try {
    return await identifyCluster(url, backupMethod(env));
  } catch (error) {
    // A database that is gone is what backups are restored for.
    if (error instanceof PgError || error instanceof ConnectionError || error instanceof BackupError)
      return undefined;
    throw error;
  }
}

/** pg_control begins with it. */
function identifierIn(dataDir: string): string | undefined {
  const folder = locateDataFolder(dataDir);
  const file = folder === null ? undefined : join(folder, 'global', 'pg_control');
  if (file === undefined || !existsSync(file)) return undefined;
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(8);
    return readSync(handle, bytes, 0, 8, 0) === 8 ? bytes.readBigUInt64LE().toString() : undefined;
  } finally {
    closeSync(handle);
  }
}
