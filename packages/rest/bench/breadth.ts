/**
 * What requests that are broad cost the database host and the neighbours, be it that they ask for many related tables or that
 * what they name is broad by itself: memory of PostgreSQL's processes before, at most and 45 s later, beside another client that
 * reads one row over and over. No limit is set, as by itself.
 * Usage: npm run bench -- rest/breadth [--pool 32] [--rest 45] [--only 'partitions']
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serverMb as memoryOf } from './parts/memory.ts';
import { startBenchService } from './parts/service.ts';

const { values } = parseArgs({
  options: {
    pool: { type: 'string', default: '32' },
    rest: { type: 'string', default: '45' },
    only: { type: 'string', default: '' },
  },
});

interface Attack {
  readonly name: string;
  readonly requests: number;
  readonly width: number;
  /** How often each is sent. */
  readonly times: number;
  /** A request unlike any other. */
  readonly path: (serial: number) => string;
}

const alias = (serial: number): string => `_${serial.toString(36)}`;

/** A read with many related tables. */
function related(table: string, embeds: number): (serial: number) => string {
  return serial => {
    const names = Array.from({ length: embeds }, (_, i) => `,${alias(serial * embeds + i)}:purchase(id)`);
    return `/${table}?limit=0&select=id${names.join('')}`;
  };
}

/** A short read of what is broad by itself. */
const short =
  (path: string): ((serial: number) => string) =>
  serial =>
    `/${path}?limit=5&id=gt.3&select=${alias(serial)}:id,name`;

const attacks: readonly Attack[] = [
  {
    name: '100 related tables, as the stack allows',
    path: related('item', 100),
    requests: 100,
    width: 8,
    times: 1,
  },
  { name: '60, short enough for a name', path: related('item', 60), requests: 500, width: 16, times: 3 },
  { name: '300', path: related('item', 300), requests: 40, width: 8, times: 1 },
  { name: '700', path: related('item', 700), requests: 40, width: 40, times: 1 },
  {
    name: '700, of a table that is refused',
    path: related('closed', 700),
    requests: 40,
    width: 40,
    times: 1,
  },
  { name: 'a table of 500 partitions', path: short('ledger'), requests: 100, width: 32, times: 40 },
  { name: 'a function that reads it', path: short('rpc/ledger_of'), requests: 100, width: 32, times: 40 },
  { name: 'a view over 60 tables', path: short('overview'), requests: 100, width: 32, times: 40 },
  {
    name: 'each of 2,000 tables',
    path: serial => `/t${serial % 2000}?select=id`,
    requests: 2000,
    width: 32,
    times: 20,
  },
];

/** What the short reads are of. */
const BROAD = `
create table api.ledger (id int primary key, name text, note text) partition by range (id);
do $$ begin
  for i in 0..499 loop
    execute format('create table api.ledger_%s partition of api.ledger for values from (%s) to (%s)', i, i * 1000, (i + 1) * 1000);
  end loop;
end $$;
create function api.ledger_of() returns setof api.ledger language sql stable as 'select * from api.ledger';
do $$ begin
  for i in 0..59 loop execute format('create table api.part_%s (id int primary key, next int, name text)', i); end loop;
end $$;
create view api.overview as select part_0.id, part_0.name, ${Array.from({ length: 59 }, (_, i) => `part_${i + 1}.name as name_${i + 1}`).join(', ')}
  from api.part_0 ${Array.from({ length: 59 }, (_, i) => `left join api.part_${i + 1} on part_${i + 1}.id = part_${i}.next`).join(' ')};
do $$ begin
  for i in 0..1999 loop execute format('create table api.t%s (id int primary key, name text)', i); end loop;
end $$;
grant select on all tables in schema api to bench_user;
revoke all on api.closed from bench_user;
`;

const service = await startBenchService({ pool: Number(values.pool) });
const headers = { authorization: `Bearer ${service.token}` };
const serverMb = () => memoryOf(service.server.dataDir);

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
  const paths = Array.from({ length: attack.requests }, () => attack.path(serial++));
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
    `${attack.name}: ${attack.requests} shapes, ${attack.times} times each, ${attack.width} at once`,
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
     alter table api.purchase add column closed_id int references api.closed; ${BROAD} notify pgrst`,
  );
  const agent = new Agent({ keepAlive: true });
  while ((await get('/closed?select=id,purchase(id)', agent)) !== 403) await sleep(100);
  for (let i = 0; i < 30; i++) await get('/item?id=eq.3', agent);
  agent.destroy();
  console.log(
    `| attack | answers | s | PostgreSQL, MB: before | most | after | ${values.rest} s later | neighbour, ms: median | worst |\n|---|---|--:|--:|--:|--:|--:|--:|--:|`,
  );
  for (const attack of attacks.filter(({ name }) => name.includes(values.only))) await run(attack);
} finally {
  await service.stop();
}
