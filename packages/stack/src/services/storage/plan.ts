/** What the start of the stack must know of the object storage. */
import path from 'node:path';
import { readStorageConfig } from '@peakstone/storage/config';
import { isStore, removeStore } from '@peakstone/storage/folder';
import { readTenants } from '@peakstone/storage/settings';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import type { FilledPlace } from '../local.ts';

/** Where objects are on this machine, unless a setting names another folder. */
function storageFolder({ project, data }: StackPaths, { PEAKSTONE_STORAGE_DIR }: EnvValues): string {
  return PEAKSTONE_STORAGE_DIR ? path.resolve(project, PEAKSTONE_STORAGE_DIR) : path.join(data, 'storage');
}

export function settings(paths: StackPaths, env: EnvValues): EnvValues {
  return { PEAKSTONE_STORAGE_DIR: storageFolder(paths, env) };
}

export function assertSettings(env: EnvValues): void {
  readStorageConfig(env);
  readTenants(env);
}

export function dataPlaces(paths: StackPaths, env: EnvValues): readonly string[] {
  const folder = storageFolder(paths, env);
  return isStore(folder) ? [folder] : [];
}

export async function removeData(paths: StackPaths, env: EnvValues): Promise<void> {
  removeStore(storageFolder(paths, env));
}

export function fills(paths: StackPaths, env: EnvValues): readonly FilledPlace[] {
  return [{ what: 'objects', place: storageFolder(paths, env) }];
}

export function dataElsewhere(paths: StackPaths, env: EnvValues): string | null {
  const folder = storageFolder(paths, env);
  return path.relative(paths.data, folder).startsWith('..') ? folder : null;
}
