/** Removing a stack's data, wherever they are: nothing that it did not make, and nothing that is in use. */
import { existsSync, lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeAsOwners } from '@peakstone/database';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import { takeLock } from '../project/lock.ts';
import type { StackPaths } from '../project/paths.ts';
import { stackValues } from '../run/stackValues.ts';
import { readPresence } from '../run/state.ts';
import { services } from '../services/index.ts';

/** What a stack keeps in its data folder besides the services' own files. */
const ownNames =
  /^(?:logs|run|state\.json.*|version\.json.*|control\.sock|project\.json.*|started\.json.*|lock|lock-journal|postgres\.tie)$/;

/**
 * Where the data are that `deleteData` would remove.
 * @throws {StackError} `config` where the data folder is a link; {DatabaseError} for what is not ours, or in use
 */
export async function planDeletion(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  const found = lstatSync(paths.data, { throwIfNoEntry: false });
  if (found?.isSymbolicLink())
    throw new StackError('config', `${paths.data} is a link that PeakStone did not make.`, {
      hint: `Nothing was removed. Name the folder that it leads to: peakstone down --delete-data --data ${paths.data}/.`,
    });
  const values = await stackValues(paths, env);
  const places: string[] = [];
  for (const { local } of services)
    places.push(...((await local?.plan?.())?.dataPlaces?.(paths, values) ?? []));
  return found ? [...places, ...ownPlaces(paths.data)] : places;
}

/**
 * Removes the data of a stack that does not run; `.env` and the project's files stay.
 * @returns what was removed.
 * @throws as `planDeletion`; {StackError} `alreadyRunning`
 */
export async function deleteData(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  if (!existsSync(paths.data)) {
    const planned = await planDeletion(paths, env);
    if (planned.length > 0) await removeAll(paths, env);
    return planned;
  }
  const lock = readPresence(paths).kind === 'running' ? null : takeLock(paths.lock);
  if (lock === null)
    throw new StackError('alreadyRunning', `A stack runs in ${paths.data}.`, {
      hint: 'Nothing was removed. Stop it first: peakstone down',
    });
  try {
    const planned = await planDeletion(paths, env);
    await removeAll(paths, env);
    for (const place of ownPlaces(paths.data)) await removeAsOwners(place);
    if (readdirSync(paths.data).length === 0) rmdirSync(paths.data);
    return planned;
  } finally {
    lock.release();
  }
}

/** What the services keep. */
async function removeAll(paths: StackPaths, env: EnvValues): Promise<void> {
  const values = await stackValues(paths, env);
  for (const { local } of services) await (await local?.plan?.())?.removeData?.(paths, values);
}

function ownPlaces(data: string): string[] {
  return readdirSync(data)
    .filter(name => ownNames.test(name))
    .map(name => join(data, name));
}
