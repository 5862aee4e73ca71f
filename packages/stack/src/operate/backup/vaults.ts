/** The backups that a stack's settings lead to. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BackupConfig,
  findVaults,
  listBackups,
  listLogicalBackups,
  openStore,
  readBackupConfig,
  type Store,
  type Vault,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import type { StackPaths } from '../../project/paths.ts';
import { stackValues } from '../../run/stackValues.ts';

export interface StackBackups {
  readonly values: EnvValues;
  readonly config: BackupConfig;
  readonly store: Store;
}

/** @throws {ConfigError} naming the variable */
export async function stackBackups(paths: StackPaths, env: EnvValues): Promise<StackBackups> {
  const values = await stackValues(paths, env);
  const config = readBackupConfig(values, paths.project, defaultPlace(paths));
  return { values, config, store: openStore(config.place) };
}

/** Where a backup goes that somebody makes before having said where. */
export function defaultPlace({ data }: StackPaths): string {
  return join(data, 'backups');
}

/**
 * The cluster that a command means: the only one, the one with that system identifier, or the newest.
 * @throws {StackError} `config` where there is none
 */
export async function stackVault(
  { config, store }: StackBackups,
  cluster: string | undefined,
): Promise<Vault> {
  const vaults = await findVaults(store, config.keys);
  if (cluster !== undefined) {
    const named = vaults.find(({ systemIdentifier }) => systemIdentifier === cluster);
    if (named) return named;
    throw new StackError('config', `${store.place} holds no backups of cluster ${cluster}.`, {
      hint: `There are: ${vaults.map(({ systemIdentifier }) => systemIdentifier).join(', ') || 'none'}`,
    });
  }
  const [first, ...others] = vaults;
  if (first && others.length === 0) return first;
  if (first) return await newestOf([first, ...others]);
  const there = store.isRemote || existsSync(store.place);
  throw new StackError(
    'config',
    `There are no backups in ${store.place}${there ? '' : ', which does not exist'}.`,
    {
      hint: 'Make one: peakstone backup create. Or say where they are: BACKUP_STORE in .env.',
    },
  );
}

async function newestOf(vaults: readonly [Vault, ...Vault[]]): Promise<Vault> {
  const dated = await Promise.all(vaults.map(async vault => ({ vault, newest: await newestIn(vault) })));
  return dated.reduce((best, each) => (each.newest > best.newest ? each : best)).vault;
}

/** The name of the newest backup, whose beginning is its time. */
async function newestIn(vault: Vault): Promise<string> {
  const [{ backups }, { backups: texts }] = await Promise.all([
    listBackups(vault),
    listLogicalBackups(vault),
  ]);
  return [backups.at(-1)?.id ?? '', texts.at(-1)?.id ?? ''].sort().at(-1)!;
}
