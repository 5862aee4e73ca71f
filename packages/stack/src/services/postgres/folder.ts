import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/** The database's own folder, where `env` does not name another. Pure. */
export function databaseDir(paths: StackPaths, env: EnvValues): string {
  return env.DATABASE_DIR ?? join(paths.data, 'postgres');
}

/** The port that PostgreSQL's lock file in this folder names; whoever wrote it, it is not somebody else's program. */
export function postmasterPort(dataDir: string): number | null {
  const file = join(dataDir, 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[3]) : null;
}
