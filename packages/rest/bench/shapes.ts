/**
 * What 10,000 requests that are each unlike all others, twice each, leave in the service and in PostgreSQL: whatever is remembered
 * of requests has a bound, so neither may go on growing from kind to kind.
 * Usage: npm run bench -- rest/shapes [--requests 10000]
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ownMb, serverMb } from './parts/memory.ts';
import { startBenchService } from './parts/service.ts';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000' } } });
const requests = Number(values.requests);
const width = 32;

type Headers = Readonly<Record<string, string>>;
type Kind = (serial: number) => readonly [path: string, headers?: Headers];

const item = '/item?limit=1';
const long = 'x'.repeat(500);
const kinds: Readonly<Record<string, Kind>> = {
  'columns renamed': i => [`${item}&select=a${i}:id`],
  'columns renamed at length': i => [`${item}&select=a${i}${long}:id`],
  'lists of conditions': i => [`${item}&or=(id.eq.${i},name.eq.${long}${i})`],
  'tables that are none': i => [`/none${i}`],
  'columns that are none': i => [`/item?select=none${i}`],
  'arguments of a function': i => [`/rpc/echo?given=${i}`],
  'functions that are none': i => [`/rpc/none${i}?given=1`],
  'paths that are none': i => [`/none/${i}${long}`],
  'media types': i => [item, { accept: `application/json;v=${i}` }],
  preferences: i => [item, { prefer: `p${i}=1${long}` }],
  ranges: i => ['/item', { range: `${i}-${i + 1}` }],
  profiles: i => [item, { 'accept-profile': `s${i}` }],
  'tokens that are none': i => [item, { authorization: `Bearer a${i}.b${long}.c` }],
  'headers and cookies': i => [item, { [`x-h${i}`]: long, cookie: `c${i}=1` }],
};

const service = await startBenchService({ pool: 10 });
const agent = new Agent({ keepAlive: true, maxSockets: width });

function get(path: string, headers: Headers = {}): Promise<number> {
  const all = { authorization: `Bearer ${service.token}`, ...headers };
  return new Promise((resolve, reject) => {
    request(service.origin + path, { agent, headers: all }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

async function sendAll(kind: Kind): Promise<ReadonlyMap<number, number>> {
  const statuses = new Map<number, number>();
  let sent = 0;
  const sender = async () => {
    while (sent < 2 * requests) {
      const status = await get(...kind(sent++ >> 1));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: width }, sender));
  return statuses;
}

try {
  await service.admin.script(
    `create function api.echo(given text) returns text language sql stable as 'select given'; notify pgrst`,
  );
  while ((await get('/rpc/echo?given=1')) !== 200) await sleep(100);
  for (let i = 0; i < 3000; i++) await get('/item?id=eq.3');
  console.log('| kind | answers | service, MB | PostgreSQL, MB |\n|---|---|--:|--:|');
  for (const [name, kind] of Object.entries(kinds)) {
    const statuses = await sendAll(kind);
    // What is not needed any more is given back at rest.
    await sleep(2500);
    const memory = [await ownMb(service.process.pid!), await serverMb(service.server.dataDir)];
    const answers = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
    console.log(`| ${name} | ${answers} | ${memory.map(mb => mb.toFixed(0)).join(' | ')} |`);
  }
} finally {
  agent.destroy();
  await service.stop();
}
