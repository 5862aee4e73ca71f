import type { LocatedFolder, MigrationFolder, SumProblem } from '@peakstone/stack/migrate';
import type { Context, Invocation, Option } from '../../grammar/command.ts';
import { leadToOnePlace } from '../../output/onePlace.ts';
import { projectOf } from '../../stack.ts';

/** The option of every command that has to do with a folder of migrations. */
export const folderOption = {
  dir: {
    kind: 'text',
    value: 'DIR',
    summary:
      'Folder of the migrations, file://DIR?format=atlas|supabase|hasura as well (default migrations, atlas/migrations or supabase/migrations of the project)',
  },
} as const satisfies Record<string, Option>;

/** Absolute path of the folder that a command line means, whether it exists or not. */
export async function folderOf(invocation: Invocation, context: Context): Promise<string> {
  return (await locatedFolderOf(invocation, context)).path;
}

/** The same, with whose rules it shall follow where that was named. */
export async function locatedFolderOf({ options }: Invocation, context: Context): Promise<LocatedFolder> {
  const { locateMigrations } = await import('@peakstone/stack/migrate');
  const named = typeof options.dir === 'string' ? options.dir : undefined;
  return await locateMigrations({ project: await projectOf(context), cwd: context.cwd, named });
}

/**
 * The folder, when it is as its sums say; else says on standard output what differs, as Atlas does, for scripts that read it
 * there; whoever reads both streams is told by the error alone.
 * @throws {MigrateError}
 */
export async function checkedFolderOf(invocation: Invocation, context: Context): Promise<MigrationFolder> {
  const { assertSums, checkSums, readFolder } = await import('@peakstone/stack/migrate');
  const { path, format } = await locatedFolderOf(invocation, context);
  const folder = await readFolder(path, format);
  const problem = checkSums(folder);
  if (problem !== null && !leadToOnePlace(context)) context.stdout.write(renderSumProblem(problem));
  assertSums(folder);
  return folder;
}

function renderSumProblem(problem: SumProblem): string {
  const where =
    problem.kind === 'mismatch' ? `\n\tL${problem.line}: ${problem.file} was ${problem.reason}\n\n` : '';
  return `You have a checksum error in your migration directory.\n${where}Please check your migration files and run 'peakstone migrate hash' to re-hash the contents\n\n`;
}
