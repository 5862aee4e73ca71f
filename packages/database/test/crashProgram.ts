/**
 * Starts PostgreSQL on the folder given and writes rows on four connections until it, or the server, is killed. Prints
 * `round ID`, `ready PID-OF-POSTMASTER`, and `ok ROW` for every row whose INSERT was answered.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { connect } from '@peakstone/testing';
import { connectionUrl, startServer } from '../src/index.ts';
import { options } from './support.ts';

const CONNECTIONS = 4;
const [dataDir] = process.argv.slice(2);
const server = await startServer(options(dataDir as string), new AbortController().signal);
const url = connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', 'postgres');
const round = randomUUID();
const clients = Array.from({ length: CONNECTIONS }, () => connect(url));
await clients[0]?.script('create table if not exists written (round text, id text, primary key (round, id))');
// Synchronous writes: what is printed has left this process before the next row begins.
writeSync(1, `round ${round}\nready ${server.postmaster.pid}\n`);
await Promise.all(
  clients.map(async (client, lane) => {
    for (let count = 0; ; count++) {
      const id = `${lane}-${count}`;
      try {
        await client.query('insert into written values ($1, $2)', [round, id]);
      } catch {
        // The server was killed: whether this row was written is unknown, so it is not acknowledged.
        return;
      }
      writeSync(1, `ok ${id}\n`);
    }
  }),
);
process.exit(0);
