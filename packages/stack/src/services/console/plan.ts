import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';

/** Sessions, operators and what they did: beside the other data of the stack. */
const folderOf = ({ data }: StackPaths): string => join(data, 'console');

export function settings(paths: StackPaths): EnvValues {
  return { CONSOLE_DIR: folderOf(paths) };
}

export function dataPlaces(paths: StackPaths): readonly string[] {
  return existsSync(folderOf(paths)) ? [folderOf(paths)] : [];
}

export async function removeData(paths: StackPaths): Promise<void> {
  rmSync(folderOf(paths), { recursive: true, force: true });
}
