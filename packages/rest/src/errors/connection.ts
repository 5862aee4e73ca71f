/** The connection to the database, and what is missing without it: PGRST0xx. */
import { RestError } from './restError.ts';

/** PGRST000. `details` is for clients: no path of this machine, no password. */
export const notConnected = (details: string, cause: unknown): RestError =>
  new RestError('PGRST000', 'Database connection error.', { details, cause });

/** PGRST001: the connection broke under the request. */
export const connectionLost = (details: string, cause: unknown): RestError =>
  new RestError('PGRST001', 'Database client error. Retrying the connection.', { details, cause });

/** PGRST002 */
export const catalogMissing = (): RestError =>
  new RestError('PGRST002', 'Could not query the database for the schema cache. Retrying.');

/** PGRST003 */
export const poolTimeout = (cause?: unknown): RestError =>
  new RestError('PGRST003', 'Timed out acquiring connection from connection pool.', { cause });
