/**
 * What introspection of many tables costs, first and again, and what types within types cost their neighbours: processor
 * time, the longest turn of the event loop in processor time, and bytes.
 * Usage: npm run bench -- graphql/introspection [--tables 1000]
 */
import { parseArgs } from 'node:util';
import { getIntrospectionQuery } from 'graphql/utilities/index.js';
import { startGraphql } from '../test/support/server.ts';

const { values } = parseArgs({ options: { tables: { type: 'string', default: '1000' } } });
const sql = Array.from(
  { length: Number(values.tables) },
  (
    _,
    i,
  ) => `create table t${i} (id int primary key, name text not null, price numeric, at timestamptz, data jsonb,
      tags text[], before int references t${Math.max(0, i - 1)});
    grant select, insert, update, delete on t${i} to web_anon;`,
).join('\n');
const server = await startGraphql(
  { bootstrap: true, login: 'db_authenticator', sql },
  { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' },
);
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

async function measure(title: string, query: string): Promise<void> {
  let longest = 0;
  let isDone = false;
  let last = cpuMs();
  const tick = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (!isDone) setImmediate(tick);
  };
  tick();
  const startedAt = cpuMs();
  const text = JSON.stringify(await server.graphql(query, { role: 'web_anon' }));
  isDone = true;
  process.stdout.write(
    `| ${title} | ${(cpuMs() - startedAt).toFixed(0)} | ${longest.toFixed(0)} | ${(text.length / 1e6).toFixed(1)} |\n`,
  );
}

const bomb = (levels: number): string =>
  `{__schema{types{inputFields${'{type{inputFields'.repeat(levels)}{name}${'}}'.repeat(levels)}}}}`;

try {
  process.stdout.write(
    'Reading the answer is counted.\n\n| asked | processor ms | longest turn ms | MB |\n|---|--:|--:|--:|\n',
  );
  await measure('a row', '{ t0 { id } }');
  await measure('the schema', getIntrospectionQuery());
  await measure('the schema again', getIntrospectionQuery());
  for (const levels of [6, 9, 20]) await measure(`types ${levels} deep`, bomb(levels));
} finally {
  await server.stop();
}
