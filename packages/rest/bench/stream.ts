/**
 * Memory under a result of half a gigabyte, streamed to a reader that is slower than the database.
 * Prints the bytes received, the time, and the peak resident memory of this process and of the PostgreSQL backend, beside
 * what they were before; exits 1 when either grew by more than 64 MB.
 *
 * Usage: npm run bench -- rest/stream [--megabytes 500]
 */
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { parseArgs } from 'node:util';
import { serveHttp } from '@peakstone/kernel/http';
import { createPool } from '@peakstone/kernel/pg';
import { testDatabase } from '@peakstone/testing';
import { defaultBeyond } from '../src/config/beyond.ts';
import { startEngine } from '../test/support/engine.ts';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '500' } } });
const megabytes = Number(values.megabytes);
const allowedGrowthMb = 64;
const rows = Math.ceil((megabytes * 1e6) / 1033);

const database = await testDatabase({
  // Made while it is read: half a gigabyte on disk would only slow the bench down.
  sql: `create schema api; create view api.big as select g as id, repeat('x', 1000) as filler from generate_series(1, ${rows}) g;`,
});
const engine = await startEngine(database.superuserUrl, {
  dbSchemas: ['api'],
  dbAnonRole: 'postgres',
  beyond: { ...defaultBeyond, stream: true },
});
const admin = createPool({ url: database.superuserUrl, size: 1, sharedSize: 0 });
const server = await serveHttp(engine.handler, { host: '127.0.0.1', port: 0 });

/** Private memory of a process, in MB: shared buffers are everybody's. */
async function privateMb(pid: number | 'self'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

async function backendMb(): Promise<number> {
  const { rows: pids } = await admin.query(
    `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  const sizes = await Promise.all(pids.map(([pid]) => privateMb(Number(pid)).catch(() => 0)));
  return Math.max(0, ...sizes);
}

async function read(path: string, pauseMs: number): Promise<{ bytes: number; end: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port: server.port, path, headers: { prefer: 'stream' } }, response => {
      let bytes = 0;
      let end = '';
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        end = chunk.toString('latin1', chunk.length - 2);
        // Now and then the reader takes its time, so that back-pressure has to reach PostgreSQL.
        if (pauseMs === 0 || bytes % (50 * 1024) >= chunk.length) return;
        response.pause();
        setTimeout(() => response.resume(), pauseMs);
      });
      response.on('end', () => resolve({ bytes, end })).on('error', reject);
    });
    sent.on('error', reject).end();
  });
}

try {
  await read('/big?limit=10000', 0);
  const before = { node: await privateMb('self'), backend: await backendMb() };
  const peak = { ...before };
  const timer = setInterval(async () => {
    peak.node = Math.max(peak.node, await privateMb('self'));
    peak.backend = Math.max(peak.backend, await backendMb());
  }, 100);
  const startedAt = performance.now();
  const { bytes, end } = await read('/big', 2);
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(timer);
  const mb = (value: number): string => value.toFixed(0).padStart(5);
  console.log(
    `${(bytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s (${(bytes / 1e6 / seconds).toFixed(0)} MB/s), whole: ${end === '"}]' || end.endsWith('}]')}`,
  );
  console.log('| MB of private memory | before | peak |\n|---|---|---|');
  console.log(`| Node, server and client together | ${mb(before.node)} | ${mb(peak.node)} |`);
  console.log(`| PostgreSQL backend | ${mb(before.backend)} | ${mb(peak.backend)} |`);
  const grew = Math.max(peak.node - before.node, peak.backend - before.backend);
  if (grew > allowedGrowthMb || !end.endsWith('}]')) process.exitCode = 1;
} finally {
  await server.close(0);
  await engine.close();
  await admin.close();
  await database.drop();
}
