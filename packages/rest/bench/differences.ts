/**
 * Where answers differ from PostgREST's own: both serve the fuzzer's schema, each in a database of its own where every
 * write is rolled back, and get the same generated requests; differences that the README tells of are left out.
 *
 * Usage: npm run bench -- rest/differences --postgrest PROGRAM [--count 20000] [--seed N]
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { loadCatalog } from '@peakstone/kernel/catalog';
import { createPool } from '@peakstone/kernel/pg';
import { startTestServer } from '@peakstone/testing';
import { generateRequest } from '../test/fuzz/grammar.ts';
import { createRandom } from '../test/fuzz/random.ts';
import type { FuzzRequest } from '../test/fuzz/request.ts';
import { type Answer, isKnownDifference } from './parts/knownDifferences.ts';
import { OURS, type RestProcess, startRest } from './parts/service.ts';

/** Not a matter of the contract: times, names, and how a body is framed. */
const UNCOMPARED = new Set([
  'date',
  'server',
  'server-timing',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
]);

const { values: options } = parseArgs({
  options: {
    postgrest: { type: 'string' },
    count: { type: 'string', default: '20000' },
    seed: { type: 'string' },
  },
});
if (!options.postgrest) {
  process.stderr.write('Say where PostgREST is: --postgrest PROGRAM\n');
  process.exit(2);
}
const count = Number(options.count);
const seed = Number(options.seed ?? Date.now() % 2 ** 31);
const random = createRandom(seed);
const server = await startTestServer();
const agent = new http.Agent({ keepAlive: true });
try {
  const admin = createPool({ url: server.url, size: 1 });
  await admin.script('create database here');
  const own = createPool({ url: urlOf('here'), size: 1 });
  await own.script(await readFile(new URL('../test/fuzz/schema.sql', import.meta.url), 'utf8'));
  await own.close();
  // A copy, so that keys made at random are the same.
  await admin.script('create database there template here');
  await admin.close();
  const [here, there] = [await serve(OURS, 'here'), await serve([options.postgrest], 'there')];
  try {
    const pool = createPool({ url: urlOf('here'), size: 1 });
    const catalog = await loadCatalog(pool, { schemas: ['test'], extraSearchPath: [] });
    await pool.close();
    let differing = 0;
    for (let n = 0; n < count; n++) {
      const request = generateRequest(random, catalog);
      const [ours, theirs] = await Promise.all([ask(here.origin, request), ask(there.origin, request)]);
      const differences = compare(ours, theirs);
      if (differences.length === 0 || isKnownDifference(request, ours, theirs)) continue;
      differing++;
      process.stdout.write(`${JSON.stringify(request)}\n${differences.join('\n')}\n\n`);
    }
    process.stdout.write(`seed ${seed}: ${count} requests, ${differing} answered differently\n`);
    process.exitCode = differing > 0 ? 1 : 0;
  } finally {
    await here.stop();
    await there.stop();
  }
} finally {
  agent.destroy();
  await server.stop();
}

function urlOf(database: string): string {
  const url = new URL(server.url);
  url.pathname = `/${database}`;
  return url.href;
}

function serve(command: readonly string[], database: string): Promise<RestProcess> {
  const settings = {
    PGRST_DB_URI: urlOf(database),
    PGRST_DB_SCHEMAS: 'test',
    PGRST_DB_ANON_ROLE: 'postgres',
    PGRST_DB_AGGREGATES_ENABLED: 'true',
    PGRST_DB_TX_END: 'rollback',
  };
  return startRest(command, settings, '/clients?limit=1');
}

function ask(origin: string, { method, target, headers, body }: FuzzRequest): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const bytes = (text: string) =>
    Buffer.from(text)
      .toString('latin1')
      .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, '');
  return new Promise((resolve, reject) => {
    const sent = http.request({
      agent,
      hostname,
      port,
      method,
      path: target.replace(/[^\x21-\x7e]/g, character => encodeURIComponent(character.toWellFormed())),
      headers: {
        // Both describe themselves by the host they are asked for.
        host: 'here',
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, bytes(value)])),
        ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    });
    sent.on('error', reject);
    sent.on('response', async response => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(parts).toString(),
      });
    });
    sent.end(body);
  });
}

function compare(ours: Answer, theirs: Answer): readonly string[] {
  const differences: string[] = [];
  const note = (what: string, a: unknown, b: unknown) => {
    if (a !== b) differences.push(`  ${what}: ${JSON.stringify(a)}\n  PostgREST: ${JSON.stringify(b)}`);
  };
  note('status', ours.status, theirs.status);
  for (const name of new Set([...Object.keys(ours.headers), ...Object.keys(theirs.headers)])) {
    if (!UNCOMPARED.has(name)) note(name, String(ours.headers[name]), String(theirs.headers[name]));
  }
  note('body', withoutChance(ours.body), withoutChance(theirs.body));
  return differences;
}

/** Times and keys that defaults make anew for each of both, and the version in the root document. */
function withoutChance(body: string): string {
  return body
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*/g, 'TIME')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID');
}
