import type { StackPaths } from '@peakstone/stack';
import type { Context, Invocation } from './grammar/command.ts';

/** Where the stack that a command line means keeps everything. */
export async function stackOf(
  { options }: Pick<Invocation, 'options'>,
  { cwd, env }: Pick<Context, 'cwd' | 'env'>,
): Promise<StackPaths> {
  const { locateStack } = await import('@peakstone/stack');
  return locateStack(cwd, dataFolder(options, env));
}

/** The folder of the project that a command was typed in, or somewhere below. */
export async function projectOf({ cwd }: Pick<Context, 'cwd'>): Promise<string> {
  const { findProject } = await import('@peakstone/stack');
  return findProject(cwd);
}

/** Which data folder the command line or the environment names; undefined for the default. Pure. */
export function dataFolder(
  options: { readonly data?: unknown },
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  return typeof options.data === 'string' ? options.data : env.PEAKSTONE_DATA || undefined;
}
