import {
  type Backup,
  readContents,
  readLastTest,
  type TestResult,
  type Verification,
  type VerifyOptions,
  verifyBackups,
} from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { stackBackups, stackVault } from './vaults.ts';

export interface BackupList {
  readonly place: string;
  readonly systemIdentifier: string;
  readonly encrypted: boolean;
  /** Oldest first. */
  readonly backups: readonly Backup[];
  /** Everything that was committed by then can be restored; null where no WAL is received. */
  readonly coveredUntil: string | null;
  readonly timeline: number | null;
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
  const { backups, position } = await readContents(vault);
  return {
    place: vault.place,
    systemIdentifier: vault.systemIdentifier,
    encrypted: opened.config.keys.demands,
    backups,
    coveredUntil: position?.coveredUntil ?? null,
    timeline: position?.timeline ?? null,
    lastTest: (await readLastTest(vault)) ?? null,
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
  return await verifyBackups(vault, options);
}
