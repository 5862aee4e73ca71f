import type { Context, Invocation, Option } from '../../grammar/command.ts';
import { projectOf } from '../../stack.ts';

/** The option of every command that has to do with a folder of migrations. */
export const folderOption = {
  dir: {
    kind: 'text',
    value: 'DIR',
    summary:
      'Folder of the migrations, file://DIR as well (default migrations, atlas/migrations or supabase/migrations of the project)',
  },
} as const satisfies Record<string, Option>;

/** Absolute path of the folder that a command line means, whether it exists or not. */
export async function folderOf({ options }: Invocation, context: Context): Promise<string> {
  const { locateMigrations } = await import('@peakstone/stack/migrate');
  const named = typeof options.dir === 'string' ? options.dir : undefined;
  return locateMigrations({ project: await projectOf(context), cwd: context.cwd, named });
}
