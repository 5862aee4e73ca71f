/**
 * Many live subscribers of one operation with different variables: what they cost while nothing changes, and how long a change
 * is on its way to its client.
 *
 * Usage: npm run bench -- graphql/live [--subscribers 10000] [--sockets 1000] [--seconds 10] [--changes 50]
 * Reads the server's CPU time and memory from /proc.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { testDatabase } from '@peakstone/testing';
import { WebSocket } from 'ws';

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '10000' },
    sockets: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '10' },
    changes: { type: 'string', default: '50' },
  },
});
const subscribers = Number(values.subscribers);
const sockets = Math.min(Number(values.sockets), subscribers);

const query = 'subscription ($id: Int!) { note_by_pk(id: $id) { id body } }';
/** Of each subscriber, told of its next result. */
const waiting = new Map<number, (at: number) => void>();
let received = 0;

const database = await testDatabase();
let server: ChildProcess | null = null;
const open: WebSocket[] = [];
try {
  await database.pool.script(`create table note (id int primary key, body text not null);
    insert into note select i, 'Note ' || i from generate_series(1, ${subscribers}) i; analyze note;`);
  server = spawn(process.execPath, [join(import.meta.dirname, 'parts/serve.ts')], {
    env: {
      ...process.env,
      HASURA_GRAPHQL_DATABASE_URL: database.url,
      HASURA_GRAPHQL_SERVER_PORT: '0',
      HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
      HASURA_GRAPHQL_PG_CONNECTIONS: '8',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  const port = Number(line);
  await fetch(`http://127.0.0.1:${port}/v1/metadata`, {
    method: 'POST',
    body: JSON.stringify({ type: 'pg_track_table', args: { table: 'note' } }),
  });
  const startedAt = performance.now();
  for (let i = 0; i < sockets; i++) open.push(await connect(port, i));
  while (received < subscribers) await sleep(20);
  const all = performance.now() - startedAt;

  const before = cpuSeconds(server.pid!);
  await sleep(Number(values.seconds) * 1000);
  const idle = (cpuSeconds(server.pid!) - before) / Number(values.seconds);

  const delays: number[] = [];
  for (let i = 0; i < Number(values.changes); i++) {
    const id = 1 + Math.floor(Math.random() * subscribers);
    // At any time between two that are asked.
    await sleep(Math.random() * 1000);
    const arrived = new Promise<number>(resolve => waiting.set(id, resolve));
    await database.pool.query(`update note set body = body || '!' where id = ${id}`);
    const changedAt = performance.now();
    delays.push((await arrived) - changedAt);
  }
  delays.sort((a, b) => a - b);
  const at = (part: number): string => delays[Math.floor(delays.length * part)]!.toFixed(0);
  process.stdout.write(
    `${subscribers} subscribers on ${sockets} sockets: all have their first result after ${(all / 1000).toFixed(1)} s\n` +
      `while nothing changes: ${idle.toFixed(2)} core, ${memoryMb(server.pid!)} MB\n` +
      `from a change to its client: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, asked every 1000 ms\n`,
  );
} finally {
  for (const socket of open) socket.terminate();
  server?.kill();
  if (server && server.exitCode === null) await once(server, 'exit');
  await database.drop();
}

/** A socket with its share of the subscriptions. */
async function connect(port: number, place: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/graphql`, ['graphql-transport-ws']);
  socket.on('message', data => {
    const message = JSON.parse(data.toString()) as { readonly type: string; readonly id?: string };
    if (message.type === 'connection_ack')
      for (let id = place + 1; id <= subscribers; id += sockets)
        socket.send(
          JSON.stringify({ type: 'subscribe', id: String(id), payload: { query, variables: { id } } }),
        );
    if (message.type !== 'next') return;
    received++;
    const id = Number(message.id);
    waiting.get(id)?.(performance.now());
    waiting.delete(id);
  });
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  return socket;
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  // Ticks in user and system mode, a hundred a second.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function memoryMb(pid: number): number {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(line?.[1]) / 1024);
}
