/**
 * Operations over HTTP against pgbench running the same statements on the same server, in one round trip each: what share
 * of PostgreSQL's own limit the service reaches.
 *
 * Usage: npm run bench -- graphql/http [--clients 32] [--seconds 4] [--rounds 3]
 * Needs wrk and pgbench.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { testDatabase } from '@peakstone/testing';
import type { Metadata } from '../src/definition/metadata.ts';
import { type Load, runPgbench, runWrk } from './parts/load.ts';
import { statementsOf } from './parts/statement.ts';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
  },
});
const [clients, seconds, rounds] = [values.clients, values.seconds, values.rounds].map(Number) as [
  number,
  number,
  number,
];

const rows = 10_000;
const sql = `
  create table author (id int primary key, name text not null, about text);
  create table article (id int primary key, title text, author_id int not null references author);
  create table comment (id int primary key, body text, article_id int not null references article);
  create table note (id bigint generated always as identity primary key, author_id int not null, body text not null);
  insert into author select i, 'Author ' || i, repeat('about ', 5) from generate_series(1, ${rows}) i;
  insert into article select i, 'Article ' || i, 1 + i % ${rows} from generate_series(1, ${rows * 5}) i;
  insert into comment select i, 'Comment ' || i, 1 + i % ${rows * 5} from generate_series(1, ${rows * 15}) i;
  create index on article (author_id); create index on comment (article_id);
  analyze;`;

const foreignKey = (table: string, column: string) => ({ foreign_key_constraint_on: { table, column } });
const metadata: Metadata = {
  version: 3,
  sources: [
    {
      name: 'default',
      kind: 'postgres',
      tables: [
        {
          table: 'author',
          array_relationships: [{ name: 'articles', using: foreignKey('article', 'author_id') }],
        },
        {
          table: 'article',
          array_relationships: [{ name: 'comments', using: foreignKey('comment', 'article_id') }],
        },
        { table: 'comment' },
        { table: 'note' },
      ],
      configuration: { connection_info: { database_url: { from_env: 'HASURA_GRAPHQL_DATABASE_URL' } } },
    },
  ],
};

const operations = [
  { title: 'one row by its key', query: 'query ($id: Int!) { author_by_pk(id: $id) { id name about } }' },
  {
    title: 'three levels of one author',
    query:
      'query ($id: Int!) { author(where: {id: {_eq: $id}}) { id name articles(order_by: {id: asc}) { id title comments(order_by: {id: asc}) { id body } } } }',
  },
  {
    title: 'insert of one row',
    query: 'mutation ($id: Int!) { insert_note_one(object: {author_id: $id, body: "A note"}) { id } }',
  },
];

const folder = await mkdtemp(join(tmpdir(), 'peakstone-bench-'));
const database = await testDatabase();
let server: ChildProcess | null = null;
try {
  await database.pool.script(sql);
  const { origin, child } = await startServer(database.url);
  server = child;
  const response = await fetch(`${origin}/v1/metadata`, {
    method: 'POST',
    body: JSON.stringify({ type: 'replace_metadata', args: metadata }),
  });
  if (response.status !== 200) throw new Error(await response.text());
  process.stdout.write(
    `${clients} clients, ${rounds} interleaved rounds of ${seconds} s, medians; pgbench sends the same prepared statements in one round trip.\n\n`,
  );
  process.stdout.write(
    '| operation | HTTP /s | pgbench /s | ratio | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|\n',
  );
  for (const { title, query } of operations) {
    const body = JSON.stringify({ query, variables: { id: '{id}' } });
    const script = await writePeer(await statementsOf(database.url, metadata, query, { id: 4242 }));
    await runWrk(origin, body, rows, clients, 3, folder);
    const loads: Load[] = [];
    const peers: number[] = [];
    for (let round = 0; round < rounds; round++) {
      loads.push(await runWrk(origin, body, rows, clients, seconds, folder));
      peers.push(await runPgbench(database.url, script, clients, seconds));
    }
    const ratio = median(loads.map((load, i) => load.requestsPerSecond / peers[i]!));
    const whole = (figures: number[]) => Math.round(median(figures)).toLocaleString('en');
    const cells = [
      title,
      whole(loads.map(load => load.requestsPerSecond)),
      whole(peers),
      ratio.toFixed(2),
      median(loads.map(load => load.p50Ms)).toFixed(2),
      median(loads.map(load => load.p99Ms)).toFixed(2),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  if (server) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  await database.drop();
  await rm(folder, { recursive: true, force: true });
}

async function startServer(url: string): Promise<{ readonly origin: string; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'parts/serve.ts')], {
    env: {
      ...process.env,
      HASURA_GRAPHQL_DATABASE_URL: url,
      HASURA_GRAPHQL_PG_CONNECTIONS: String(clients + 2),
      HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
      HASURA_GRAPHQL_SERVER_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout!, 'data')) as [Buffer];
  return { origin: `http://127.0.0.1:${port.toString().trim()}`, child };
}

async function writePeer(statements: Awaited<ReturnType<typeof statementsOf>>): Promise<string> {
  const path = join(folder, `peer-${Math.random().toString(36).slice(2)}.sql`);
  const settings = `select pg_catalog.set_config('transaction_read_only', 'off', true), pg_catalog.set_config('hasura.user', '{"x-hasura-role":"admin"}', true);`;
  const texts = statements.map(({ text, params }) => {
    // The one variable; whatever else the statement has is as the operation has it.
    const filled = params.map(param => (param.kind === 'constant' ? `'${param.text}'` : ':id'));
    return `${text.replace(/(?<![\w$])\$(\d+)/g, (_all, position: string) => filled[Number(position) - 1]!)};`;
  });
  await writeFile(
    path,
    `\\set id random(1, ${rows})\n\\startpipeline\n${[settings, ...texts].join('\n')}\n\\endpipeline\n`,
  );
  return path;
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
