/** Dumps into the running stack's database. */
import { completeStorage } from '@peakstone/database';
import type { Abandoned, ImportOptions, ImportReport } from '@peakstone/transfer';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { databaseUrl, superuserUrl } from '../run/databaseUrl.ts';
import { stackValues } from '../run/stackValues.ts';
import { awaitSchema } from './client.ts';

export type { ImportReport, Note as ImportNote } from '@peakstone/transfer';

/**
 * Imports a dump, or a database that runs, as db_migrator, and returns when the APIs serve what it made.
 * @throws {TransferError} naming what is in the way. @throws {StackError} `notRunning`
 */
export async function importIntoStack(
  paths: StackPaths,
  env: EnvValues,
  { files, ...options }: Omit<ImportOptions, 'adminUrl' | 'ownerUrl'>,
): Promise<ImportReport> {
  const { importDump, importDatabase, isAddress, TransferError } = await import('@peakstone/transfer');
  const into = { ...options, ...(await addresses(paths, env)) };
  const [url] = files.filter(isAddress);
  if (url !== undefined && files.length > 1)
    throw new TransferError('A database’s address is imported by itself.', {
      hint: 'Name it alone, or files alone.',
    });
  const report =
    url === undefined
      ? await importDump({ ...into, files })
      : await importDatabase({ ...into, url, folder: paths.data });
  if (!report.dryRun) {
    // Supabase's own tables have come in the place of the stack's.
    if ((await stackValues(paths, env)).DATABASE_SUPABASE !== 'off') await completeStorage(into.adminUrl);
    await awaitSchema(paths);
  }
  return report;
}

export interface AbandonedImport extends Abandoned {
  /** Brings the whole database back as it was before the import; null where no backup leads there. */
  readonly restore: string | null;
}

/**
 * Gives up an import that was ended in the middle. What it made stays and is listed, or is removed.
 * @returns null where none was begun. @throws {TransferError} @throws {StackError} `notRunning`
 */
export async function abandonStackImport(
  paths: StackPaths,
  env: EnvValues,
  { undo, signal }: { readonly undo: boolean; readonly signal: AbortSignal },
): Promise<AbandonedImport | null> {
  const { abandonImport } = await import('@peakstone/transfer');
  const found = await abandonImport({ ...(await addresses(paths, env)), undo, signal });
  if (found === null) return null;
  if (undo) {
    // The stack's own tables had made way for the dump's.
    if ((await stackValues(paths, env)).DATABASE_SUPABASE !== 'off')
      await completeStorage(await superuserUrl(paths, env));
    await awaitSchema(paths);
  }
  return { ...found, restore: await restoreBefore(paths, env, found.beganAt) };
}

/** The moment before it must be in what the backups cover. */
async function restoreBefore(
  paths: StackPaths,
  env: EnvValues,
  beganAt: string | null,
): Promise<string | null> {
  if (beganAt === null) return null;
  const { findRestore } = await import('./backup/before.ts');
  return await findRestore(paths, env, new Date(beganAt));
}

async function addresses(
  paths: StackPaths,
  env: EnvValues,
): Promise<{ readonly adminUrl: string; readonly ownerUrl: string }> {
  return {
    adminUrl: await superuserUrl(paths, env),
    ownerUrl: await databaseUrl(paths, env, 'db_migrator'),
  };
}
