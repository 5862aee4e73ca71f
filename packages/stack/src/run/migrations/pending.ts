/** What of the project's migrations the database does not have yet. */
import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { type MigrationFolder, readFolder, readStatus } from '@peakstone/migrate';
import type { EnvValues } from '../../project/envFile.ts';
import { locateMigrations } from '../../project/migrations.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../databaseUrl.ts';

export interface Pending {
  /** The folder's name in the project. */
  readonly folder: string;
  /** Names of files, in their order. */
  readonly files: readonly string[];
}

/** The project's folder of migrations; null where there is none, or nothing in it. @throws {MigrateError} {StackError} `permission` */
export async function readProjectMigrations({ project }: StackPaths): Promise<MigrationFolder | null> {
  const { path, format } = await locateMigrations({ project, cwd: project });
  if (!existsSync(path)) return null;
  const folder = await readFolder(path, format);
  return folder.files.length === 0 ? null : folder;
}

/**
 * Files that the running stack's database does not have. Changes nothing.
 * @throws {MigrateError} {ConnectionError} {PgError}; {StackError} `notRunning`, `permission`
 */
export async function pendingMigrations(paths: StackPaths, env: EnvValues): Promise<Pending> {
  const folder = await readProjectMigrations(paths);
  if (folder === null) return { folder: '', files: [] };
  const url = await databaseUrl(paths, env, 'db_migrator');
  const { pending } = await readStatus(folder, url, undefined);
  return { folder: relative(paths.project, folder.path), files: pending.map(({ name }) => name) };
}

/** Some of many names, as people read them. Pure. */
export function listNames(names: readonly string[]): string {
  const left = names.length - 8;
  return left <= 0 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${left} more`;
}
