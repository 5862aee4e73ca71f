import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { isImportUnderWay, Journal } from './journal.ts';

export interface UnfinishedImport {
  /** The dump's, as they were named; of a live database, the copy of it. */
  readonly files: readonly string[];
  /** It goes on at this moment. */
  readonly isUnderWay: boolean;
}

/**
 * The import that was begun and has not come to its end, or null. Changes nothing.
 * @throws {TransferError} where what is remembered of it could be another's.
 */
export async function findUnfinishedImport(adminUrl: string): Promise<UnfinishedImport | null> {
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  try {
    const begun = await Journal.begun(admin);
    if (begun === null) return null;
    return {
      files: begun.identity.split('\n').map(line => line.replace(/ \d+ \d+$/, '')),
      isUnderWay: await isImportUnderWay(admin),
    };
  } finally {
    await admin.close();
  }
}
