import { BackupError, type Claim, claimVault, isAway, readClaim } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { isOthers, stackBackups, stackVault } from './vaults.ts';

export interface TakeoverReport {
  readonly place: string;
  readonly systemIdentifier: string;
  /** Who wrote there before; null where it was nobody else. */
  readonly from: Claim | null;
}

/** From now on this stack writes the backups of its database, whoever did before. @throws {StackError} {BackupError} */
export async function takeOverBackups(
  paths: StackPaths,
  env: EnvValues,
  cluster: string | undefined,
): Promise<TakeoverReport> {
  const opened = await stackBackups(paths, env);
  const writer = opened.writer();
  const own = cluster ?? (await opened.own());
  if (own !== undefined && (await isAway(opened.store, own, writer))) {
    // Gone for good: whoever writes there next begins anew.
    writer.places.remove(opened.store.place, own);
    return { place: opened.store.place, systemIdentifier: own, from: null };
  }
  const vault = await stackVault(opened, cluster);
  const before = await readClaim(vault).catch(error => {
    if (!(error instanceof BackupError) || (error.code !== 'CORRUPT' && error.code !== 'KEY')) throw error;
    return undefined;
  });
  await claimVault(vault, writer, true);
  const { place, systemIdentifier } = vault;
  return { place, systemIdentifier, from: isOthers(opened, before) ? before : null };
}
