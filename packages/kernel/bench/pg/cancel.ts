/**
 * Whether a cancel request meant for an aborted read ever strikes an insert that comes after it on the same connection.
 *
 * npm run bench -- kernel/pg/cancel [--inserts 50000]
 */
import { parseArgs } from 'node:util';
import { startTestServer } from '@peakstone/testing';
import { createPool } from '../../src/pg/index.ts';
import { insertAmongAbortedReads } from '../parts/abortedReads.ts';

const { values } = parseArgs({ options: { inserts: { type: 'string', default: '50000' } } });
const server = await startTestServer({ durable: false });
const pool = createPool({ url: server.url, size: 8, sharedSize: 1 });
try {
  await pool.script('create table note (id int)');
  const { inserts, aborted, struck } = await insertAmongAbortedReads(pool, Number(values.inserts));
  console.log(
    `${inserts} inserts, ${aborted} reads aborted beside them, ${struck} inserts struck by their cancel requests`,
  );
} finally {
  await pool.close();
  await server.stop();
}
