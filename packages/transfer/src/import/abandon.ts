import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { Administrator } from './administrator/index.ts';
import { giveBack } from './finish.ts';
import { forgetImport, Journal, lockImport } from './journal.ts';
import { connectOwner } from './session.ts';

/**
 * Gives an import up that was ended in the middle: what it made stays, and what its owner might do for its time is taken
 * back.
 * @returns the dump's files and what tells them from others, or null where no import was begun.
 * @throws {TransferError} while one goes on, or when what is remembered of it could be another's.
 */
export async function abandonImport({
  adminUrl,
  ownerUrl,
}: {
  readonly adminUrl: string;
  readonly ownerUrl: string;
}): Promise<string | null> {
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  try {
    const client = await connectOwner(ownerUrl);
    try {
      await lockImport(client);
      const begun = await Journal.begun(admin);
      if (begun !== null) await giveBack(new Administrator(admin, begun.world), client, begun.world);
      await forgetImport(admin);
      return begun?.identity ?? null;
    } finally {
      client.close();
    }
  } finally {
    await admin.close();
  }
}
