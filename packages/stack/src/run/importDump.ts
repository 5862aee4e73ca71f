/** Dumps into the running stack's database. */
import type { ImportOptions, ImportReport } from '@peakstone/transfer';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { awaitSchema } from './client.ts';
import { databaseUrl, superuserUrl } from './databaseUrl.ts';

export type { ImportReport, Note as ImportNote } from '@peakstone/transfer';

/**
 * Imports a dump as db_migrator, and returns when the APIs serve what it made.
 * @throws {TransferError} naming what is in the way. @throws {StackError} `notRunning`
 */
export async function importIntoStack(
  paths: StackPaths,
  env: EnvValues,
  options: Omit<ImportOptions, 'adminUrl' | 'ownerUrl'>,
): Promise<ImportReport> {
  const { importDump } = await import('@peakstone/transfer');
  const report = await importDump({
    ...options,
    adminUrl: await superuserUrl(paths, env),
    ownerUrl: await databaseUrl(paths, env, 'db_migrator'),
  });
  if (!report.dryRun) await awaitSchema(paths);
  return report;
}
