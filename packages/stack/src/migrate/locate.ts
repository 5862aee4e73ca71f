import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where projects keep their migrations, ours first. */
const usualFolders = ['migrations', 'atlas/migrations', 'supabase/migrations'] as const;

/**
 * The folder of migrations that a command means: as named, Atlas' `file://` understood, from the present folder; else the
 * first of a project's usual ones that exists, else its `migrations`.
 * @example locateMigrations({ project: '/app', cwd: '/app', named: 'file://db' }) // '/app/db'
 */
export function locateMigrations({
  project,
  cwd,
  named,
}: {
  readonly project: string;
  readonly cwd: string;
  readonly named?: string | undefined;
}): string {
  if (named !== undefined) return path.resolve(cwd, named.replace(/^file:\/\//, ''));
  const found = usualFolders.find(folder => existsSync(path.join(project, folder)));
  return path.join(project, found ?? usualFolders[0]);
}
