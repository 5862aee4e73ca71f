/**
 * How close exchanges come to what pgbench gets from the same prepared SQL on the same server, and how far ahead of `pg`
 * and `postgres` they are: role and claims set for the transaction, then one row as JSON, an insert, or a nested read.
 *
 * npm run bench -- kernel/pg/exchange [--only=ours,pgbench] [--loads=row] [--clients=8] [--rounds=3] [--ms=400]
 *
 * Needs a superuser's URL in PEAKSTONE_TEST_DATABASE_URL, or else starts a throw-away server. Everything shares this machine's cores.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startTestServer } from '@peakstone/testing';
import pg from 'pg';
import postgres from 'postgres';
import { createPool, parseConninfo, type Statement } from '../../src/pg/index.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', default: 'pgbench,shared,own,pg,postgres' },
    loads: { type: 'string', default: 'row,insert,nested' },
    clients: { type: 'string', default: '8,32' },
    rounds: { type: 'string', default: '3' },
    ms: { type: 'string', default: '400' },
  },
});

const role = 'peakstone_bench_user';
const claims = JSON.stringify({
  role,
  sub: '0d9c9a4e-5c1b-4b8e-9a3e-2f6f0a1c7d11',
  email: 'someone@example.com',
});
const items = 10_000;

const setUp = `
  drop schema if exists peakstone_bench cascade;
  do $$ begin create role ${role} nologin; exception when duplicate_object then null; end $$;
  create schema peakstone_bench;
  set search_path to peakstone_bench;
  create table items (id int primary key, name text not null, price numeric not null, tags text[] not null, at timestamptz not null);
  insert into items select g, 'item ' || g, g * 1.5, array['a', 'b'], now() from generate_series(1, ${items}) g;
  create table orders (id int primary key, item int not null references items, amount int not null);
  insert into orders select g, g % ${items} + 1, g from generate_series(1, ${items * 5}) g;
  create index on orders (item);
  create table events (id bigserial primary key, kind text not null, at timestamptz not null default now());
  analyze items; analyze orders;
  grant usage on schema peakstone_bench to ${role};
  grant select, insert on all tables in schema peakstone_bench to ${role};
  grant usage on all sequences in schema peakstone_bench to ${role};
`;
const tearDown = `drop schema peakstone_bench cascade; drop role ${role}`;

const session = `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`;
const loads: Readonly<Record<string, string>> = {
  row: `select coalesce(json_agg(t), '[]')::text from (select * from peakstone_bench.items where id = $1::int) t`,
  insert: `with i as (insert into peakstone_bench.events (kind) values ($1::text) returning *) select json_agg(i)::text from i`,
  nested: `select json_agg(t)::text from (select i.id, i.name, (select coalesce(json_agg(o), '[]') from peakstone_bench.orders o where o.item = i.id) as orders from peakstone_bench.items i where i.id = $1::int) t`,
};

interface Measure {
  readonly perSecond: number;
  /** Of this process. */
  readonly cpuUs: number;
}

type Run = (load: string, clients: number) => Promise<Measure>;

const randomId = (): string => String(1 + Math.floor(Math.random() * items));

/** `clients` loops in this process, each waiting for its answer before it goes on. */
async function closedLoop(clients: number, request: () => Promise<string>): Promise<Measure> {
  const until = async (deadline: number): Promise<number> => {
    let count = 0;
    await Promise.all(
      Array.from({ length: clients }, async () => {
        while (performance.now() < deadline) {
          const json = await request();
          if (!json.startsWith('[{')) throw new Error(`Wrong answer: ${json}`);
          count++;
        }
      }),
    );
    return count;
  };
  await until(performance.now() + 150);
  const started = performance.now();
  const cpu = process.cpuUsage();
  const count = await until(started + Number(flags.ms));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count * 1000) / (performance.now() - started), cpuUs: (user + system) / count };
}

async function ours(url: string, load: string, clients: number, lane: 'shared' | 'own'): Promise<Measure> {
  const pool = createPool({
    url,
    size: lane === 'shared' ? 3 : Math.min(clients, 16) + 1,
    sharedSize: lane === 'shared' ? 2 : 1,
  });
  const values = [role, claims];
  const text = loads[load]!;
  try {
    return await closedLoop(clients, async () => {
      const statements: Statement[] = [
        { text: session, values },
        { text, values: [randomId()] },
      ];
      const results = await pool.exchange({ statements, lane });
      return results[1]!.rows[0]![0]!.toString();
    });
  } finally {
    await pool.close();
  }
}

async function withPg(url: string, load: string, clients: number): Promise<Measure> {
  const pool = new pg.Pool({ connectionString: url, max: Math.min(clients, 16), pipeline: true });
  try {
    return await closedLoop(clients, async () => {
      const client = await pool.connect();
      try {
        // Sent without waiting in between, which is the best it offers for a transaction.
        const [, , result] = await Promise.all([
          client.query('begin'),
          client.query({ name: 'session', text: session, values: [role, claims] }),
          client.query({ name: load, text: loads[load]!, values: [randomId()], rowMode: 'array' }),
          client.query('commit'),
        ]);
        return (result as { rows: string[][] }).rows[0]![0]!;
      } finally {
        client.release();
      }
    });
  } finally {
    await pool.end();
  }
}

async function withPostgres(url: string, load: string, clients: number): Promise<Measure> {
  const info = parseConninfo(url);
  const { host, port } = info.hosts[0]!;
  const sql = postgres({
    // It takes no socket folder from a URL.
    ...(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port }),
    user: info.user,
    database: info.database,
    ...(info.password ? { password: info.password } : {}),
    max: Math.min(clients, 16),
    onnotice: () => {},
  });
  try {
    return await closedLoop(clients, async () => {
      const [, rows] = await sql.begin(tx => [
        tx.unsafe(session, [role, claims], { prepare: true }),
        tx.unsafe(loads[load]!, [randomId()], { prepare: true }).values(),
      ]);
      return (rows as unknown as string[][])[0]![0]!;
    });
  } finally {
    await sql.end();
  }
}

function pgbenchPath(): string | null {
  const candidates = [
    'pgbench',
    ...[17, 16, 15].map(version => `/usr/lib/postgresql/${version}/bin/pgbench`),
  ];
  return candidates.find(path => spawnSync(path, ['--version']).status === 0) ?? null;
}

function withPgbench(path: string, folder: string, url: string): Run {
  const info = parseConninfo(url);
  return (load, clients) =>
    new Promise((resolve, reject) => {
      const script = join(folder, `${load}.sql`);
      const statement = (text: string, ...names: readonly string[]): string =>
        `${text.replace(/\$(\d)/g, (_all, digit) => `:${names[Number(digit) - 1]}`)};`;
      writeFileSync(
        script,
        [
          `\\set id random(1, ${items})`,
          '\\startpipeline',
          statement(session, 'role', 'claims'),
          statement(loads[load]!, 'id'),
          '\\endpipeline',
        ].join('\n'),
      );
      const child = spawn(
        path,
        [
          ...['-n', '-M', 'prepared', '-T', '1', '-c', String(clients), '-j', '2', '-f', script],
          ...['-D', `role=${role}`, '-D', `claims=${claims}`],
          ...['-h', info.hosts[0]!.host, '-p', String(info.hosts[0]!.port), '-U', info.user, info.database],
        ],
        { env: { ...process.env, ...(info.password ? { PGPASSWORD: info.password } : {}) } },
      );
      let output = '';
      child.stdout.on('data', data => (output += data));
      child.stderr.on('data', data => (output += data));
      child.on('close', () => {
        const found = /tps = ([\d.]+) \(without/.exec(output);
        if (found) resolve({ perSecond: Number(found[1]), cpuUs: Number.NaN });
        else reject(new Error(output));
      });
    });
}

const median = (numbers: readonly number[]): number => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-bench-'));
  const given = process.env.PEAKSTONE_TEST_DATABASE_URL;
  const server = given ? null : await startTestServer();
  const url = given ?? server!.url;
  const admin = createPool({ url, size: 1 });
  try {
    await admin.script(setUp);
    const wanted = flags.only.split(',');
    const pgbench = pgbenchPath();
    if (!pgbench) console.log('pgbench is not installed: the limit is not measured');
    const all: readonly (readonly [string, Run])[] = [
      ...(pgbench ? ([['pgbench', withPgbench(pgbench, folder, url)]] as const) : []),
      ['shared', (load, clients) => ours(url, load, clients, 'shared')],
      ['own', (load, clients) => ours(url, load, clients, 'own')],
      ['pg', (load, clients) => withPg(url, load, clients)],
      ['postgres', (load, clients) => withPostgres(url, load, clients)],
    ];
    const contenders = all.filter(([name]) => wanted.includes(name));
    console.log('load    clients  contender   per second  x pgbench  CPU us each');
    for (const load of flags.loads.split(',')) {
      for (const clients of flags.clients.split(',').map(Number)) {
        const measures = new Map<string, Measure[]>();
        for (let round = 0; round < Number(flags.rounds); round++) {
          for (const [name, run] of contenders) {
            if (name === 'shared' && load === 'insert') continue;
            measures.set(name, [...(measures.get(name) ?? []), await run(load, clients)]);
          }
        }
        const rate = (name: string): number => median((measures.get(name) ?? []).map(each => each.perSecond));
        for (const name of measures.keys()) {
          const cpu = median(measures.get(name)!.map(each => each.cpuUs));
          console.log(
            load.padEnd(8),
            String(clients).padStart(6),
            ` ${name.padEnd(10)}`,
            rate(name).toFixed(0).padStart(10),
            (rate(name) / rate('pgbench')).toFixed(2).padStart(10),
            Number.isNaN(cpu) ? '' : cpu.toFixed(0).padStart(12),
          );
        }
      }
    }
  } finally {
    await admin.script(tearDown).catch(error => console.error(error));
    await admin.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
