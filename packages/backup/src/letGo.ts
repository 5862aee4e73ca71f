import { connectReplication } from '@peakstone/kernel/pg';
import { dropSlot, readSlot } from './replication/commands.ts';

/**
 * Lets a server go on without the backups of it: the slot that kept WAL for them is dropped, once nobody receives by it any more.
 * @param url Of a role with REPLICATION @returns whether there was one @throws {ConnectionError} {PgError}
 */
export async function dropBackupSlot(url: string, slot: string, signal: AbortSignal): Promise<boolean> {
  const client = await connectReplication({ url, name: 'peakstone backup', signal });
  try {
    if ((await readSlot(client, slot)) === undefined) return false;
    await dropSlot(client, slot);
    return true;
  } finally {
    client.close();
  }
}
