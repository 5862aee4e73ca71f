import { createPrivilegedPool, quoteIdentifier } from '@peakstone/kernel/pg';
import { explainConnection, sqlState } from '../sql.ts';

/** Makes the application's database where it is not the one that initdb makes. */
export async function ensureDatabase(url: string, database: string): Promise<void> {
  if (database === 'postgres') return;
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    const { rows } = await pool.query('select from pg_database where datname = $1', [database]);
    if (rows.length === 0) await pool.script(`create database ${quoteIdentifier(database)}`);
  } catch (error) {
    // Another bootstrap made it in this moment.
    if (sqlState(error) !== '42P04') throw explainConnection(error);
  } finally {
    await pool.close();
  }
}
