/** What the start of the stack must know of backups. */
import path from 'node:path';
import {
  away,
  coverageOf,
  describeFailedTest,
  describeLeap,
  findVaults,
  hasBackups,
  listBackups,
  listLogicalBackups,
  openStore,
  readBackupConfig,
  readClaim,
  readContents,
  readLastTest,
  readWitness,
  type Vault,
  type Writer,
} from '@peakstone/backup';
import { ConfigError } from '@peakstone/kernel/config';
import { settleWithin } from '@peakstone/kernel/service';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import type { FilledPlace } from '../local.ts';
import { backupMethod } from './method.ts';
import { scratchFolder } from './restoredServer.ts';
import { stackWriter } from './stackWriter.ts';

/** A relative folder is meant from the project, wherever the service's process is. */
export function settings({ project, data }: StackPaths, { BACKUP_STORE }: EnvValues): EnvValues {
  const home = { PEAKSTONE_BACKUP_HOME: data };
  if (!BACKUP_STORE || BACKUP_STORE.includes('://')) return home;
  return { ...home, BACKUP_STORE: path.resolve(project, BACKUP_STORE) };
}

export function assertSettings(env: EnvValues): void {
  if (!hasBackups(env)) return;
  backupMethod(env);
  readBackupConfig(env, '/');
}

/** Where tests restore as well. */
export function fills(paths: StackPaths, env: EnvValues): readonly FilledPlace[] {
  if (!hasBackups(env)) return [];
  const { place } = readBackupConfig({ ...env, ...settings(paths, env) }, '/');
  return [
    ...(place.kind === 'folder' ? [{ what: 'backups', place: place.folder }] : []),
    { what: 'tests of backups', place: scratchFolder(env) },
  ];
}

/** A store that does not answer must not hold the doctor up. */
const patienceMs = 5000;
/** Older than this, what is received is told: a service that runs says more each minute. */
const staleMs = 10 * 60_000;

/** What the store says of itself; nothing where no backups are made. */
export async function examineFiles(paths: StackPaths, env: EnvValues): Promise<Check[]> {
  if (!hasBackups(env)) return [];
  const outcome = await settleWithin(examineStore(paths, env), patienceMs);
  switch (outcome.kind) {
    case 'done':
      return outcome.value;
    case 'late':
      return [
        warn('Backups', `the store does not answer within ${patienceMs / 1000} s`, 'peakstone backup list'),
      ];
    case 'failed':
      // Settings have a check of their own.
      if (outcome.error instanceof ConfigError) return [];
      return [fail('Backups', outcome.error.message, 'peakstone backup list says more.')];
  }
}

async function examineStore(paths: StackPaths, env: EnvValues): Promise<Check[]> {
  const { place, keys, retention } = readBackupConfig({ ...env, ...settings(paths, env) }, '/');
  const store = openStore(place);
  const writer = stackWriter(env, place, paths.data);
  const vault = await ownVault(await findVaults(store, keys), writer);
  if (!vault && writer.places.clusters(store.place).length > 0) {
    const { message, hint } = away(store.place);
    return [fail('Backups', message, hint)];
  }
  if (!vault)
    return [warn('Backups', `there is none yet in ${store.place}`, 'peakstone up makes the first one.')];
  const isLogical = backupMethod(env) === 'logical';
  const { backups, damaged } = isLogical ? await listLogicalBackups(vault) : await listBackups(vault);
  const test = await readLastTest(vault, isLogical ? 'logical' : 'test');
  const leap = describeLeap(await readWitness(vault), retention.days);
  return [
    backups.length > 0
      ? ok('Backups', `the last one is of ${backups.at(-1)!.endedAt}`)
      : warn('Backups', `there is none yet in ${store.place}`, 'peakstone up makes the first one.'),
    ...damaged.map(({ id }) => fail('Backups', `the entry of ${id} is damaged`, 'peakstone backup verify')),
    ...(isLogical ? [] : [await examineWal(vault)]),
    ...(leap === undefined ? [] : [warn('Backups', leap, 'date says what it is.')]),
    test === undefined
      ? warn('Backups', 'none has been tested yet', 'peakstone backup test')
      : test.ok
        ? ok('Backups', `tested ${test.at}: ${test.text}`)
        : fail(
            'Backups',
            describeFailedTest(test),
            'peakstone backup verify, then a full one: peakstone backup create --full',
          ),
  ];
}

/** The one that this stack writes, or else the only one. */
async function ownVault(vaults: readonly Vault[], { id }: Writer): Promise<Vault | undefined> {
  for (const vault of vaults) {
    // Of one whose claim cannot be read nobody says whose it is.
    if ((await readClaim(vault).catch(() => undefined))?.id === id) return vault;
  }
  return vaults.length === 1 ? vaults[0] : undefined;
}

async function examineWal(vault: Vault): Promise<Check> {
  const contents = await readContents(vault);
  const { from, until, problems } = coverageOf(contents);
  const { position } = contents;
  if (contents.backups.length > 0 && from === null && problems[0])
    return fail('Backups', problems[0], 'A full one mends it: peakstone backup create --full');
  return from !== null && position && Math.abs(Date.now() - Date.parse(position.coveredUntil)) < staleMs
    ? ok('Backups', `every moment up to ${until} can be restored`)
    : warn(
        'Backups',
        `WAL is stored up to ${position?.coveredUntil ?? 'no moment yet'}`,
        'The stack receives it while it runs: peakstone logs backup',
      );
}
