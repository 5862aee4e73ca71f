import {
  type Backup,
  type BackupError,
  type Claim,
  coverageOf,
  describeLeap,
  describeStep,
  type LogicalBackup,
  listLogicalBackups,
  needingEarlierKey,
  readClaim,
  readContents,
  readLastTest,
  readWitness,
  type TestResult,
  type Verification,
  type VerifyOptions,
  verifyBackups,
  verifyLogicalBackups,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { type BackupMethod, backupMethod } from '../../services/backup/method.ts';
import { type Receiving, receivingOf } from './receiving.ts';
import { isOthers, type KnownCluster, otherClusters, stackBackups, stackVault } from './vaults.ts';

export interface BackupList {
  readonly place: string;
  readonly systemIdentifier: string;
  readonly encrypted: boolean;
  readonly method: BackupMethod;
  /** Of files and WAL. Oldest first. */
  readonly backups: readonly Backup[];
  /** As SQL. Oldest first. */
  readonly logical: readonly LogicalBackup[];
  /** Everything that was committed by then can be restored; null where no WAL is stored. */
  readonly coveredUntil: string | null;
  /** Who receives WAL, where none is stored; null where some is. */
  readonly receiving: Receiving | null;
  readonly timeline: number | null;
  /** From when on every moment up to then can be restored; null where none can. */
  readonly coveredFrom: string | null;
  /** What cannot be read, or be restored, and why. */
  readonly problems: readonly string[];
  /** Who writes here, where it is another stack. */
  readonly writer: Claim | null;
  /** Whose backups lie in the same place. */
  readonly others: readonly KnownCluster[];
  /** Backups that need one of the earlier keys in BACKUP_KEY; null where there is none. */
  readonly needingEarlierKey: readonly string[] | null;
  readonly lastTest: TestResult | null;
}

/** @throws {StackError} `config` where there is none; {BackupError} */
export async function listStackBackups(
  paths: StackPaths,
  env: EnvValues,
  cluster: string | undefined,
): Promise<BackupList> {
  const opened = await stackBackups(paths, env);
  const vault = await stackVault(opened, cluster);
  const contents = await readContents(vault);
  const { backups, position } = contents;
  const coverage = coverageOf(contents);
  const { backups: logical, damaged: damagedTexts } = await listLogicalBackups(vault);
  const method = backupMethod(opened.values);
  const claimProblem: string[] = [];
  const claim = await readClaim(vault).catch((error: BackupError) => {
    if (error.code !== 'CORRUPT' && error.code !== 'KEY') throw error;
    claimProblem.push(`${error.message} ${error.hint}`);
    return undefined;
  });
  const test = await readLastTest(vault, method === 'logical' ? 'logical' : 'test');
  const leap = describeLeap(await readWitness(vault), opened.config.retention.days);
  return {
    place: vault.place,
    systemIdentifier: vault.systemIdentifier,
    encrypted: opened.config.keys.demands,
    ...{ method, backups, logical },
    coveredUntil: coverage.until,
    receiving: coverage.until === null ? await receivingOf(paths, opened.values) : null,
    coveredFrom: coverage.from,
    timeline: position?.timeline ?? null,
    lastTest: test ?? null,
    problems: [
      ...[...contents.damaged, ...damagedTexts].map(({ reason }) => reason),
      ...contents.damagedRecords,
      ...claimProblem,
      ...coverage.problems,
      ...contents.clockSteps.map(describeStep),
      ...(leap === undefined ? [] : [leap]),
    ],
    writer: isOthers(opened, claim) ? claim : null,
    others: await otherClusters(opened, vault.systemIdentifier),
    needingEarlierKey: opened.config.keys.isChanging ? await needingEarlierKey(vault, contents) : null,
  };
}

/** @throws as `listStackBackups` */
export async function verifyStackBackups(
  paths: StackPaths,
  env: EnvValues,
  cluster: string | undefined,
  options: VerifyOptions,
): Promise<Verification> {
  const vault = await stackVault(await stackBackups(paths, env), cluster);
  const { ids } = options;
  const { backups } = await listLogicalBackups(vault);
  // A name says by its letter which kind it is of.
  const isText = (id: string): boolean => id.endsWith('S');
  const texts = ids?.filter(isText);
  const files = ids?.filter(id => !isText(id));
  const none: Verification = { backups: [], walProblems: [], segments: 0 };
  const physical = files?.length === 0 ? none : await verifyBackups(vault, { ...options, ids: files });
  const hasTexts = texts === undefined ? backups.length > 0 : texts.length > 0;
  const logical = hasTexts ? await verifyLogicalBackups(vault, { ...options, ids: texts }) : none;
  return { ...physical, backups: [...physical.backups, ...logical.backups] };
}
