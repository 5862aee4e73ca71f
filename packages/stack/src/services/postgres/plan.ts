/** What the start of the stack must know of the database before anything runs, and what is left of a killed one. */
import { existsSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import {
  assertOwnData,
  DatabaseError,
  dataLeftBehind,
  findOrphan,
  freeDataFolder,
  hasLivingOwner,
  inspectDataFolder,
  locateDataFolder,
  planRemoval,
  readDatabaseConfig,
  removeDataFolder,
} from '@peakstone/database';
import { parseConninfo, withLogin } from '@peakstone/kernel/pg';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { type Written, writtenPlaces } from '../backup/stackWriter.ts';
import type { FilledPlace, RunEngine } from '../local.ts';
import { databaseDir, postmasterPort } from './folder.ts';
import { assertNoneBeside, finishReplacement, isBeingReplaced } from './replacement.ts';

const owner = 'db_migrator';

export function settings(paths: StackPaths, env: EnvValues): EnvValues {
  return { DATABASE_DIR: databaseDir(paths, env) };
}

export function assertSettings(env: EnvValues): void {
  readDatabaseConfig(env);
}

export function beforeStart(paths: StackPaths, env: EnvValues): readonly string[] {
  const place = placeOf(paths, env);
  const said = finishReplacement(place);
  assertNoneBeside(place);
  return [said, isGone(place, writtenPlaces(paths.data).at(-1))].filter(text => text !== undefined);
}

/** Of a stack whose database is known, and not there: an empty one is begun, which nobody may take for it. */
function isGone(place: string, backedUp: Written | undefined): string | undefined {
  if (backedUp === undefined || existsSync(join(place, 'PG_VERSION'))) return undefined;
  return `There is no database in ${place}, and this stack has backed one up (cluster ${backedUp.cluster}, in ${backedUp.place}): a new, empty one is begun. To have that one back: peakstone down, then peakstone backup restore --cluster ${backedUp.cluster}`;
}

/** Where its files are, or are to be. */
function placeOf(paths: StackPaths, env: EnvValues): string {
  const folder = databaseDir(paths, env);
  return locateDataFolder(folder) ?? folder;
}

/** As the owner of the schemas, whose tables the API's roles are granted. */
export function address(engine: RunEngine, port: number | null, env: EnvValues): string {
  return addressOf(engine, port, env, owner);
}

/** For what only the administrator may do. */
export function adminAddress(engine: RunEngine, port: number | null, env: EnvValues): string {
  const user =
    engine.kind === 'external' ? parseConninfo(engine.url, {}).user : readDatabaseConfig(env).superuser;
  return addressOf(engine, port, env, user);
}

/** Without a password: it is shown on a terminal, and in status for everyone who asks. */
function addressOf(engine: RunEngine, port: number | null, env: EnvValues, role: string): string {
  if (engine.kind === 'external') return withLogin(engine.url, role).replace(/\?.*$/, '');
  const { database } = readDatabaseConfig(env);
  return `postgres://${encodeURIComponent(role)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

export function heldPort(paths: StackPaths, env: EnvValues): number | null {
  return postmasterPort(databaseDir(paths, env));
}

export function remains(paths: StackPaths, env: EnvValues): string | null {
  const folder = databaseDir(paths, env);
  const orphan = existsSync(folder) && isOwn(folder) ? findOrphan(folder) : null;
  return orphan && `PostgreSQL (process ${orphan.pid}, port ${orphan.port})`;
}

/** A killed stack leaves its database running, on its port: whoever stops the stack wants that to end as well. */
export async function freeRemains(
  paths: StackPaths,
  env: EnvValues,
  step: (text: string) => void,
): Promise<void> {
  const folder = databaseDir(paths, env);
  if (existsSync(folder) && isOwn(folder)) await freeDataFolder(folder, step);
  // Whoever removed the folder left behind what it linked to. A stack that lives stops by itself, or was moved.
  for (const home of dataLeftBehind(folder)) {
    const left = join(home, 'postgres');
    if (existsSync(left) && !hasLivingOwner(left)) await freeDataFolder(left, step);
  }
}

/** What a copied project's link leads to runs for the original. */
function isOwn(folder: string): boolean {
  try {
    assertOwnData(folder);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'SHARED_DATA') return false;
    throw error;
  }
}

export function dataPlaces(paths: StackPaths, env: EnvValues): readonly string[] {
  return planRemoval(databaseDir(paths, env));
}

export async function removeData(paths: StackPaths, env: EnvValues): Promise<void> {
  await removeDataFolder(databaseDir(paths, env));
}

/** Under a closed folder, as /root is, the data are in one of the system's; DATABASE_DIR may name any. */
export function dataElsewhere(paths: StackPaths, env: EnvValues): string | null {
  const folder = databaseDir(paths, env);
  const real = locateDataFolder(folder);
  if (real === null) return dataLeftBehind(folder).join(' and ') || null;
  if (!existsSync(paths.data)) return null;
  return real.startsWith(realpathSync(paths.data) + sep) ? null : real;
}

export function fills(paths: StackPaths, env: EnvValues): readonly FilledPlace[] {
  return [{ what: 'the database', place: placeOf(paths, env) }];
}

/** What the start would say of the folder. */
export function examineFiles(paths: StackPaths, env: EnvValues): Check[] {
  const adopt = /^(?:true|yes|on|1)$/i.test(env.DATABASE_ADOPT ?? '');
  if (isBeingReplaced(placeOf(paths, env)))
    return [
      warn(
        'Database',
        'a restore was broken off before its database was in its place',
        'peakstone up brings it to its end.',
      ),
    ];
  try {
    const { kind } = inspectDataFolder(databaseDir(paths, env), adopt);
    if (kind === 'cluster') return [ok('Database', 'PostgreSQL 17 data')];
    assertNoneBeside(placeOf(paths, env));
    return [];
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    return [fail('Database', error.message, error.hint)];
  }
}
