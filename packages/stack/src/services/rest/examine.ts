import { createPrivilegedPool } from '@peakstone/kernel/pg';
import type { Check } from '../../run/doctor/check.ts';
import type { Examined } from '../local.ts';
import { administratorUrl } from '../postgres/address.ts';
import { lintDatabase } from './lints.ts';
import { exposedSchemas } from './schemas.ts';

/** What requests may reach in the database, against what its owner may have meant. */
export async function examineSchemas({ paths, env, ports }: Examined): Promise<Check[]> {
  const url = administratorUrl(env, ports);
  const pool = createPrivilegedPool({ url, name: 'peakstone doctor', acquireTimeoutMs: 3000 });
  try {
    return await lintDatabase(pool, await exposedSchemas(paths, env));
  } finally {
    await pool.close(0);
  }
}
