/**
 * What a neighbour waits while a visitor subscribes to all that he can and more: how long the server's event loop was held at a
 * time, the slowest of reads by key before, during and after, and the server's memory.
 *
 * Usage: npm run bench -- graphql/subscriptions [--sockets 5] [--subscriptions 1000] [--fields 500]
 * Reads the server's memory from /proc.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import { testDatabase } from '@peakstone/testing';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '5' },
    subscriptions: { type: 'string', default: '1000' },
    fields: { type: 'string', default: '500' },
  },
});
const secret = { 'x-hasura-admin-secret': 'the secret of the administrator' };
const readEveryMs = 5;

const database = await testDatabase();
const server = fork(join(import.meta.dirname, 'parts/serve.ts'), {
  execArgv: [...memoryFlags],
  env: {
    ...memoryEnv(process.env),
    HASURA_GRAPHQL_DATABASE_URL: database.url,
    HASURA_GRAPHQL_PG_CONNECTIONS: '8',
    HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
    HASURA_GRAPHQL_SERVER_PORT: '0',
    HASURA_GRAPHQL_ADMIN_SECRET: secret['x-hasura-admin-secret'],
    HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'nobody',
    HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup',
  },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
try {
  const [line] = (await once(server.stdout!, 'data')) as [Buffer];
  const port = line.toString().trim();
  await database.pool.script(`create table note (id int primary key, title text not null);
    insert into note select i, 'Note ' || i from generate_series(1, 1000) i;`);
  const post = async (path: string, body: unknown): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: secret,
      body: JSON.stringify(body),
    });
    return await response.text();
  };
  await post('/v1/metadata', { type: 'pg_track_table', args: { table: 'note' } });
  await post('/v1/metadata', {
    type: 'pg_create_select_permission',
    args: { table: 'note', role: 'nobody', permission: { columns: '*', filter: {} } },
  });
  let reads = 0;
  const read = () =>
    post('/v1/graphql', {
      query: 'query ($id: Int!) { note_by_pk(id: $id) { title } }',
      variables: { id: 1 + (reads++ % 1000) },
    });
  const ask = async (what: 'reset' | 'read'): Promise<number> => {
    server.send(what);
    const [heldMs] = (await once(server, 'message')) as [number];
    return heldMs;
  };
  const row = async (title: string, until: Promise<unknown>, told = (): string => ''): Promise<void> => {
    await ask('reset');
    let isOver = false;
    void until.then(() => {
      isOver = true;
    });
    const took: number[] = [];
    const beganAt = performance.now();
    while (!isOver) {
      const began = performance.now();
      await read();
      took.push(performance.now() - began);
      await sleep(readEveryMs);
    }
    took.sort((a, b) => a - b);
    const cells = [
      title,
      ((performance.now() - beganAt) / 1000).toFixed(1),
      (await ask('read')).toFixed(1),
      took[took.length >> 1]!.toFixed(1),
      took.at(-1)!.toFixed(1),
      (anonymousBytes(server.pid!) / 2 ** 20).toFixed(0),
      told(),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  };

  for (let i = 0; i < 500; i++) await read();
  process.stdout.write(
    '| | s | held (CPU) ms | a read, median ms | slowest ms | memory MiB | |\n|---|--:|--:|--:|--:|--:|---|\n',
  );
  await row('nothing', sleep(3000));
  const flood = fork(join(import.meta.dirname, 'parts/flood.ts'), [
    port,
    values.sockets,
    values.subscriptions,
    values.fields,
  ]);
  let told = { began: 0, refused: 0 };
  await row(
    'the flood',
    once(flood, 'message').then(([message]) => {
      told = message as typeof told;
    }),
    () => `${told.began} began, ${told.refused} refused`,
  );
  await row('what it has', sleep(5000));
  flood.kill();
  // Memory is given back at rest.
  await sleep(60_000);
  await row('a minute after it', sleep(3000));
} finally {
  server.kill('SIGTERM');
  if (server.exitCode === null) await once(server, 'exit');
  await database.drop();
}

function anonymousBytes(pid: number): number {
  return 1024 * Number(/RssAnon:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}
