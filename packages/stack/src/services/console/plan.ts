import { join } from 'node:path';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/** Beside the other data of the stack. */
export function settings({ data }: StackPaths): EnvValues {
  return { CONSOLE_DIR: join(data, 'console') };
}
