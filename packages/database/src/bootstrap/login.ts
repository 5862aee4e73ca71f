import { createPrivilegedPool, quoteLiteral } from '@peakstone/kernel/pg';
import { DatabaseError } from '../errors.ts';
import { explainConnection } from '../sql.ts';
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

/** Whether the server knows this login and refuses it. One that does not answer refuses nobody: it may come. */
export async function isLoginRefused(url: string): Promise<boolean> {
  const pool = createPrivilegedPool({ url, name: 'peakstone bootstrap' });
  try {
    await pool.query('select 1');
    return false;
  } catch (error) {
    const reason = explainConnection(error);
    return reason instanceof DatabaseError && reason.code === 'AUTHENTICATION_FAILED';
  } finally {
    await pool.close();
  }
}
