import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readLockFile } from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/** The database's own folder, where `env` does not name another. Pure. */
export function databaseDir(paths: StackPaths, env: EnvValues): string {
  return env.DATABASE_DIR ?? join(paths.data, 'postgres');
}

/** The port that PostgreSQL's lock file in this folder names; whoever wrote it, it is not somebody else's program. */
export function postmasterPort(dataDir: string): number | null {
  return existsSync(join(dataDir, 'postmaster.pid')) ? readLockFile(dataDir)?.port || null : null;
}
