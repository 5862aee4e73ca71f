/** Which cluster a server is, by whatever its role may ask. */
import { connectReplication } from '@peakstone/kernel/pg';
import { identifyDatabase } from './logical/database.ts';
import { identify } from './replication/commands.ts';

/** @param method by files and WAL, or as SQL @throws {PgError} {ConnectionError} {BackupError} SERVER */
export async function identifyCluster(url: string, method: 'physical' | 'logical'): Promise<string> {
  if (method === 'logical') return (await identifyDatabase(url)).systemIdentifier;
  const client = await connectReplication({ url, name: 'peakstone backup' });
  try {
    return (await identify(client)).systemIdentifier;
  } finally {
    client.close();
  }
}
