/**
 * What a neighbour waits while one user sends the largest that he may: how long the server's event loop was held at a time,
 * and the slowest of reads by key that another sends every few milliseconds, beside what they take when nobody else asks.
 *
 * Usage: npm run bench -- graphql/neighbour [--rounds 5] [--only insert]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { testDatabase } from '@peakstone/testing';
import { loads } from './parts/largeRequests.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
});
const rounds = Number(values.rounds);
const readEveryMs = 5;
const secret = 'the secret of the administrator';

const database = await testDatabase();
const child = fork(join(import.meta.dirname, 'parts/serve.ts'), {
  env: {
    ...process.env,
    HASURA_GRAPHQL_DATABASE_URL: database.url,
    HASURA_GRAPHQL_PG_CONNECTIONS: '8',
    HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
    HASURA_GRAPHQL_SERVER_PORT: '0',
    HASURA_GRAPHQL_ADMIN_SECRET: secret,
    HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'nobody',
    HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup',
    // One who has a token: his bounds are those measured.
    HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({ type: 'HS256', key: 'a key of at least thirty-two bytes' }),
  },
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
try {
  const [port] = (await once(child.stdout!, 'data')) as [Buffer];
  const origin = `http://127.0.0.1:${port.toString().trim()}`;
  await database.pool.script(`
    create table note (id bigint generated always as identity primary key, title text not null, n int, tags text[], at timestamptz default now(), data jsonb);
    create table reply (id bigint generated always as identity primary key, note_id bigint not null references note, body text);
    insert into note (title) select 'Note ' || i from generate_series(1, 1000) i;`);
  await metadata(origin);
  const token = await signed();
  const send = async (body: string): Promise<string> => {
    const response = await fetch(`${origin}/v1/graphql`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
    return await response.text();
  };
  const readBody = (id: number) =>
    JSON.stringify({ query: 'query ($id: bigint!) { note_by_pk(id: $id) { title } }', variables: { id } });

  /** The slowest read and the longest hold while `load` runs. */
  const beside = async (load: () => Promise<void>): Promise<{ slowestMs: number; heldMs: number }> => {
    await ask('reset');
    let isOver = false;
    let slowestMs = 0;
    const reader = (async () => {
      for (let i = 1; !isOver; i++) {
        const began = performance.now();
        await send(readBody(1 + (i % 1000)));
        slowestMs = Math.max(slowestMs, performance.now() - began);
        await sleep(readEveryMs);
      }
    })();
    await load();
    isOver = true;
    await reader;
    return { slowestMs, heldMs: await ask('read') };
  };
  async function ask(what: 'reset' | 'read'): Promise<number> {
    child.send(what);
    const [heldMs] = (await once(child, 'message')) as [number];
    return heldMs;
  }

  for (let i = 0; i < 200; i++) await send(readBody(1 + (i % 1000)));
  process.stdout.write(
    '| beside | bytes | takes ms | held (CPU) ms | slowest read ms | answer |\n|---|--:|--:|--:|--:|---|\n',
  );
  for (const { title, make } of [{ title: 'nothing', make: null }, ...loads]) {
    if (make !== null && !title.includes(values.only)) continue;
    let tookMs = 0;
    let answer = '';
    // Written beforehand: that would hold the reader's own loop.
    const bodies = make ? Array.from({ length: rounds }, (_, i) => make(i)) : [];
    const { slowestMs, heldMs } = await beside(async () => {
      if (make === null) await sleep(2000);
      for (const body of bodies) {
        const began = performance.now();
        answer = await send(body);
        tookMs = Math.max(tookMs, performance.now() - began);
      }
    });
    const cells = [
      title,
      bodies[0] === undefined ? '' : Buffer.byteLength(bodies[0]).toLocaleString('en'),
      make ? tookMs.toFixed(0) : '',
      heldMs.toFixed(1),
      slowestMs.toFixed(1),
      answer.startsWith('{"data"')
        ? 'data'
        : (/"message":"([^"]{0,80})/.exec(answer)?.[1] ?? answer.slice(0, 80)),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  await database.drop();
}

async function metadata(origin: string): Promise<void> {
  const columns = '*';
  const user = { role: 'user' };
  const insert = { ...user, permission: { check: {}, columns } };
  const select = { ...user, permission: { filter: {}, columns, limit: 100 } };
  const update = { ...user, permission: { filter: {}, columns: ['title', 'n'], check: null } };
  const response = await fetch(`${origin}/v1/metadata`, {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': secret },
    body: JSON.stringify({
      type: 'replace_metadata',
      args: {
        version: 3,
        sources: [
          {
            name: 'default',
            kind: 'postgres',
            configuration: { connection_info: { database_url: { from_env: 'HASURA_GRAPHQL_DATABASE_URL' } } },
            tables: [
              {
                table: 'note',
                array_relationships: [
                  {
                    name: 'replies',
                    using: { foreign_key_constraint_on: { table: 'reply', column: 'note_id' } },
                  },
                ],
                insert_permissions: [insert],
                select_permissions: [select],
                update_permissions: [update],
              },
              { table: 'reply', insert_permissions: [insert], select_permissions: [select] },
            ],
          },
        ],
      },
    }),
  });
  if (response.status !== 200) throw new Error(await response.text());
}

async function signed(): Promise<string> {
  const { SignJWT } = await import('jose');
  return await new SignJWT({
    'https://hasura.io/jwt/claims': {
      'x-hasura-default-role': 'user',
      'x-hasura-allowed-roles': ['user'],
      'x-hasura-user-id': '1',
    },
  })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('a key of at least thirty-two bytes'));
}
