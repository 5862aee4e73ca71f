/**
 * What requests that ask for many related tables cost the database host and the neighbours: memory of PostgreSQL's processes
 * before, at most and 45 s later, beside another client that reads one row over and over. No limit is set, as by itself.
 * Usage: npm run bench -- rest/breadth [--pool 32] [--rest 45]
 */
import { readdir, readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBenchService } from './parts/service.ts';

const { values } = parseArgs({
  options: { pool: { type: 'string', default: '32' }, rest: { type: 'string', default: '45' } },
});

interface Attack {
  readonly name: string;
  readonly table: string;
  readonly embeds: number;
  readonly requests: number;
  readonly width: number;
  /** How often each is sent. */
  readonly times: number;
}

const attacks: readonly Attack[] = [
  { name: 'as the stack allows', table: 'item', embeds: 100, requests: 100, width: 8, times: 1 },
  { name: 'short enough for a name', table: 'item', embeds: 60, requests: 500, width: 16, times: 3 },
  { name: 'wide', table: 'item', embeds: 300, requests: 40, width: 8, times: 1 },
  { name: 'widest', table: 'item', embeds: 700, requests: 40, width: 40, times: 1 },
  { name: 'widest, refused', table: 'closed', embeds: 700, requests: 40, width: 40, times: 1 },
];

const service = await startBenchService({ pool: Number(values.pool) });
const headers = { authorization: `Bearer ${service.token}` };
const postmaster = (await readFile(join(service.server.dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]!;

/** Memory of the server's processes that is theirs alone, in MB. */
async function serverMb(): Promise<number> {
  let kb = 0;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      if (pid !== postmaster && !status.includes(`\nPPid:\t${postmaster}\n`)) continue;
      kb += Number(/^Pss_Anon: +(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has ended meanwhile.
    }
  }
  return kb / 1024;
}

function get(path: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    // Content-Location repeats the URL.
    request(service.origin + path, { agent, headers, maxHeaderSize: 65_536 }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0)).on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

let serial = 0;
function wide({ table, embeds }: Attack): string {
  const names = Array.from({ length: embeds }, () => `,${(serial++).toString(36)}:purchase(id)`);
  return `/${table}?limit=0&select=id${names.join('')}`;
}

async function run(attack: Attack): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: attack.width });
  const own = new Agent({ keepAlive: true, maxSockets: 1 });
  const statuses = new Map<number, number>();
  const latencies: number[] = [];
  let isDone = false;
  const before = await serverMb();
  let most = before;
  const watch = (async () => {
    for (; !isDone; await sleep(200)) most = Math.max(most, await serverMb());
  })();
  const neighbour = (async () => {
    for (; !isDone; await sleep(20)) {
      const startedAt = performance.now();
      await get('/item?id=eq.3', own);
      latencies.push(performance.now() - startedAt);
    }
  })();
  const paths = Array.from({ length: attack.requests }, () => wide(attack));
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: attack.width }, async () => {
      for (let path = paths.pop(); path !== undefined; path = paths.pop())
        for (let turn = 0; turn < attack.times; turn++) {
          const status = await get(path, agent);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  isDone = true;
  await Promise.all([watch, neighbour]);
  const after = await serverMb();
  await sleep(Number(values.rest) * 1000);
  latencies.sort((a, b) => a - b);
  const cells = [
    `${attack.name}: ${attack.requests} × ${attack.embeds}, ${attack.width} at once`,
    [...statuses].map(([status, count]) => `${count} × ${status}`).join(', '),
    seconds.toFixed(1),
    ...[before, most, after, await serverMb()].map(mb => mb.toFixed(0)),
    latencies[latencies.length >> 1]!.toFixed(1),
    latencies.at(-1)!.toFixed(0),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  agent.destroy();
  own.destroy();
}

try {
  await service.admin.script(
    `create table api.closed (id int primary key);
     alter table api.purchase add column closed_id int references api.closed; notify pgrst`,
  );
  const agent = new Agent({ keepAlive: true });
  while ((await get('/closed?select=id,purchase(id)', agent)) !== 403) await sleep(100);
  for (let i = 0; i < 30; i++) await get('/item?id=eq.3', agent);
  agent.destroy();
  console.log(
    `| related tables | answers | s | PostgreSQL, MB: before | most | after | ${values.rest} s later | neighbour, ms: median | worst |\n|---|---|--:|--:|--:|--:|--:|--:|--:|`,
  );
  for (const attack of attacks) await run(attack);
} finally {
  await service.stop();
}
