/** Which files of a folder a look is for: those that are not applied anywhere yet, as well as that can be told. */
import { spawnSync } from 'node:child_process';
import { MigrateError } from '../errors.ts';
import type { MigrationFolder } from '../folder/index.ts';

/** The newest. Pure. */
export function latestFiles({ files }: MigrationFolder, count: number): ReadonlySet<string> {
  return new Set(files.slice(-count).map(({ name }) => name));
}

export interface SinceBase {
  readonly added: ReadonlySet<string>;
  /** Files of the base that are other or gone now; applied ones must stay as they were. */
  readonly changed: readonly string[];
}

/**
 * What a branch brings: files that the base has not, and those of the base that it changes.
 * @param base anything that names a commit; what both have in common is compared with.
 * @throws {MigrateError} `git`
 */
export function filesSince(folder: MigrationFolder, base: string): SinceBase {
  const commit = git(folder, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${base}^{commit}`,
  ]).trim();
  const common = git(folder, ['merge-base', commit, 'HEAD']).trim();
  const listed = git(folder, ['ls-tree', '-z', common, '--', '.']).split('\0');
  const known = new Map(
    listed.flatMap(line => {
      const [about = '', name = ''] = line.split('\t');
      return name.endsWith('.sql') ? [[name, about.split(' ')[2] ?? ''] as const] : [];
    }),
  );
  const now = new Map(
    [...known].length === 0
      ? []
      : folder.files
          .filter(({ name }) => known.has(name))
          .map(({ name, bytes }) => [name, blobOf(folder, bytes)] as const),
  );
  return {
    added: new Set(folder.files.filter(({ name }) => !known.has(name)).map(({ name }) => name)),
    changed: [...known].filter(([name, hash]) => now.get(name) !== hash).map(([name]) => name),
  };
}

/** Git's name for a content, with the line ends that the repository keeps. */
function blobOf(folder: MigrationFolder, bytes: Buffer): string {
  return git(folder, ['hash-object', '--stdin'], bytes).trim();
}

function git({ path }: MigrationFolder, args: readonly string[], input?: Buffer): string {
  const run = spawnSync('git', ['-C', path, ...args], { encoding: 'utf8', ...(input && { input }) });
  if (run.status === 0) return run.stdout;
  const said = run.error
    ? 'git is not installed'
    : run.stderr.trim().split('\n').at(-1) || 'there is no such commit here';
  throw new MigrateError(
    'git',
    `What changed since the base cannot be told: ${said}.`,
    'Name a branch or commit that this clone has (git fetch origin main), or choose by --latest.',
  );
}
