import { createPrivilegedPool, quoteLiteral } from '@peakstone/kernel/pg';
import { explainConnection, sqlState } from '../sql.ts';
import { scramVerifier } from './scram.ts';

/**
 * Gives the role that `url` logs in as another password. For a way in that asks for none, such as the server's own socket:
 * how a password that was changed where the stack is configured reaches a server that still has the old one.
 * @throws {DatabaseError} UNREACHABLE, AUTHENTICATION_FAILED
 */
export async function setOwnPassword(url: string, password: string): Promise<void> {
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    await pool.query(`alter role current_user password ${quoteLiteral(scramVerifier(password))}`);
  } catch (error) {
    throw explainConnection(error);
  } finally {
    await pool.close();
  }
}

/** What a running server lacks, or does not accept, of a login. */
export type LoginObstacle = 'password' | 'database';

/** Why the server does not let this login in; null when it does. One that does not answer refuses nobody: it may come. */
export async function findLoginObstacle(url: string): Promise<LoginObstacle | null> {
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    await pool.query('select 1');
    return null;
  } catch (error) {
    const state = sqlState(error);
    if (state === '3D000') return 'database';
    return state?.startsWith('28') ? 'password' : null;
  } finally {
    await pool.close();
  }
}
