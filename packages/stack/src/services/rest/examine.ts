import { servedSchemas } from '@peakstone/database';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import type { Check } from '../../project/check.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from '../postgres/address.ts';
import { lintDatabase } from './lints.ts';

/** What requests may reach in the database, against what its owner may have meant. */
export async function examineSchemas({ env, ports }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    const own = env.PGRST_DB_SCHEMAS?.split(',').map(name => name.trim());
    return await lintDatabase(pool, own?.filter(name => name !== '') ?? (await servedSchemas(url)));
  } finally {
    await pool.close(0);
  }
}
