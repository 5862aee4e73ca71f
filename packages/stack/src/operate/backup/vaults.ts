/** The backups that a stack's settings lead to. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BackupConfig,
  BackupError,
  type Claim,
  listBackups,
  listLogicalBackups,
  openStore,
  readBackupConfig,
  readClaim,
  type Store,
  type Survey,
  surveyVaults,
  type Vault,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import type { StackPaths } from '../../project/paths.ts';
import { stackValues } from '../../run/stackValues.ts';
import { stackWriter } from '../../services/backup/stackWriter.ts';
import { ownCluster } from './cluster.ts';

export interface StackBackups {
  readonly values: EnvValues;
  readonly config: BackupConfig;
  readonly store: Store;
  /** The system identifier of this stack's database, where it has one. */
  readonly own: () => Promise<string | undefined>;
  /** Which stack this is among its copies. */
  readonly writer: () => ReturnType<typeof stackWriter>;
}

/** @throws {ConfigError} naming the variable */
export async function stackBackups(paths: StackPaths, env: EnvValues): Promise<StackBackups> {
  const values = await stackValues(paths, env);
  const config = readBackupConfig(values, paths.project, defaultPlace(paths));
  return {
    ...{ values, config, store: openStore(config.place) },
    own: () => ownCluster(paths, values),
    writer: () => stackWriter(values, config.place, paths.data),
  };
}

/** Where a backup goes that somebody makes before having said where. */
export function defaultPlace({ data }: StackPaths): string {
  return join(data, 'backups');
}

/** What is known of a cluster in a store, by which people recognise it. */
export interface KnownCluster {
  readonly systemIdentifier: string;
  /** The end of its newest backup; null where it has none, or cannot be read. */
  readonly newest: string | null;
  /** Who writes it: a stack's folder on a machine. */
  readonly writer: string | null;
  readonly databases: readonly string[];
  /** Why it cannot be read. */
  readonly problem: string | null;
}

/**
 * The cluster that a command means: the one with that system identifier, or this stack's own, or, where this stack has no database,
 * the only one that there is.
 * @throws {StackError} `config` where there is none, or several; {BackupError} where it cannot be read
 */
export async function stackVault(
  { config, store, own }: StackBackups,
  cluster: string | undefined,
): Promise<Vault> {
  const survey = await surveyVaults(store, config.keys);
  const wanted = cluster ?? (await own());
  const all = [...survey.vaults, ...survey.unreadable].map(({ systemIdentifier }) => systemIdentifier);
  const chosen = wanted ?? (all.length === 1 ? all[0] : undefined);
  const found = survey.vaults.find(({ systemIdentifier }) => systemIdentifier === chosen);
  if (found) return found;
  const unreadable = survey.unreadable.find(({ systemIdentifier }) => systemIdentifier === chosen);
  if (unreadable) throw unreadable.error;
  if (all.length === 0) throw noBackups(store);
  const known = (await knownClusters(survey)).map(describeKnown).join('; ');
  throw new StackError(
    'config',
    wanted === undefined
      ? `${store.place} holds the backups of several databases, and this stack has none by which one is chosen.`
      : `${store.place} holds no backups of ${cluster === undefined ? 'this stack’s database' : 'cluster'} (${wanted}).`,
    { hint: `Choose one with --cluster. There are: ${known}` },
  );
}

/** Whether it is another stack that writes there, which this one may not. */
export function isOthers({ writer }: StackBackups, claim: Claim | undefined): claim is Claim {
  const { id, ownsPlace } = writer();
  return claim !== undefined && claim.id !== id && !ownsPlace;
}

/** The clusters of a store besides this one. @throws {BackupError} STORE */
export async function otherClusters(
  { config, store }: StackBackups,
  systemIdentifier: string,
): Promise<readonly KnownCluster[]> {
  const survey = await surveyVaults(store, config.keys);
  return (await knownClusters(survey)).filter(each => each.systemIdentifier !== systemIdentifier);
}

function noBackups(store: Store): StackError {
  const there = store.isRemote || existsSync(store.place);
  return new StackError(
    'config',
    `There are no backups in ${store.place}${there ? '' : ', which does not exist'}.`,
    {
      hint: 'Make one: peakstone backup create. Or say where they are: BACKUP_STORE in .env.',
    },
  );
}

async function knownClusters({ vaults, unreadable }: Survey): Promise<KnownCluster[]> {
  const known = await Promise.all(vaults.map(knowCluster));
  return [
    ...known,
    ...unreadable.map(({ systemIdentifier, error }) => ({
      ...{ systemIdentifier, newest: null, writer: null, databases: [], problem: error.message },
    })),
  ];
}

async function knowCluster(vault: Vault): Promise<KnownCluster> {
  const { systemIdentifier } = vault;
  try {
    const { backups } = await listBackups(vault);
    const { backups: texts } = await listLogicalBackups(vault);
    const claim = await readClaim(vault);
    const newest = [backups.at(-1)?.endedAt, texts.at(-1)?.endedAt].filter(at => at !== undefined).sort();
    return {
      ...{ systemIdentifier, newest: newest.at(-1) ?? null, problem: null },
      writer: claim ? `${claim.folder} on ${claim.host}` : null,
      databases: backups.at(-1)?.databases ?? [...new Set(texts.map(({ database }) => database))],
    };
  } catch (error) {
    if (!(error instanceof BackupError) || error.code === 'STORE') throw error;
    return { systemIdentifier, newest: null, writer: null, databases: [], problem: error.message };
  }
}

/** Pure. */
export function describeKnown({
  systemIdentifier,
  newest,
  writer,
  databases,
  problem,
}: KnownCluster): string {
  const parts = [
    newest === null ? undefined : `newest ${newest}`,
    writer === null ? undefined : `of ${writer}`,
    databases.length === 0 ? undefined : `databases ${databases.join(', ')}`,
    problem ?? undefined,
  ].filter(part => part !== undefined);
  return parts.length === 0 ? systemIdentifier : `${systemIdentifier} (${parts.join(', ')})`;
}
