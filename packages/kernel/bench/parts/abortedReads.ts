import { PgError, type Pool } from '../../src/pg/index.ts';

export interface AbortedReads {
  readonly inserts: number;
  /** Reads that were aborted while they ran. */
  readonly aborted: number;
  /** Inserts that were cancelled, although nobody had asked for it. */
  readonly struck: number;
}

/**
 * `inserts` short writes into `note (id int)` of `pool`, while reads beside them are aborted after random times, many just as
 * they end: no cancel request may strike an insert that follows on the same connection.
 */
export async function insertAmongAbortedReads(pool: Pool, inserts: number): Promise<AbortedReads> {
  let started = 0;
  let aborted = 0;
  let struck = 0;
  const insert = async (): Promise<void> => {
    while (started < inserts) {
      const statement = { text: 'insert into note values ($1)', values: [String(started++)] };
      try {
        await pool.exchange({ lane: 'write', statements: [statement] });
      } catch (error) {
        if (!(error instanceof PgError) || error.code !== '57014') throw error;
        struck++;
      }
    }
  };
  const read = async (): Promise<void> => {
    while (started < inserts) {
      const seconds = Math.random() * 0.004;
      const aborter = new AbortController();
      const timer = setTimeout(() => aborter.abort(), Math.random() * 8);
      const statement = { text: 'select pg_sleep($1)', values: [String(seconds)] };
      try {
        await pool.exchange({ statements: [statement], signal: aborter.signal });
      } catch (error) {
        if (error !== aborter.signal.reason) throw error;
        aborted++;
      } finally {
        clearTimeout(timer);
      }
    }
  };
  await Promise.all([...Array.from({ length: 8 }, insert), ...Array.from({ length: 4 }, read)]);
  return { inserts, aborted, struck };
}
