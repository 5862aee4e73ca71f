/**
 * `npm run bench -- stack/diff [--tables 1000] [--changed 20]`
 *
 * `peakstone migrate diff` of a database of many tables (ten columns, two indexes, a key to another table, a policy), some of
 * which have a column more than their folder makes: the throw-away server's start, the folder replayed, the plan, and its proof
 * on a copy with rows. Beside it the time that PostgreSQL takes for the folder's own SQL as one script; and processor time, of
 * this process and of the throw-away server, which says more where others want the machine as well (Linux).
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withThrowaway } from '@peakstone/database';
import { historyOf, MigrateSession, readFolder, setVersion } from '@peakstone/migrate';
import { connect, testDatabase } from '@peakstone/testing';
import { diffMigrations } from '../src/migrate/diff.ts';
import { stackPaths } from '../src/project/paths.ts';
import { temporaryFolder } from './parts/cli.ts';

const { values } = parseArgs({
  options: { tables: { type: 'string', default: '1000' }, changed: { type: 'string', default: '20' } },
});
const [count, changed] = [Number(values.tables), Number(values.changed)];
const VERSION = '20240101000000';
const { signal } = new AbortController();

const schema = Array.from({ length: count }, (_, index) => {
  const key = index === 0 ? '' : ` references t${index - 1} (id)`;
  return `create table t${index} (id bigint generated always as identity primary key, parent bigint${key}, a text not null,
  b int default 5 check (b > 0), c timestamptz default now(), d jsonb, e numeric(10, 2), f uuid, g boolean, h text[]);
create index on t${index} (parent);
create index on t${index} (a, b);
alter table t${index} enable row level security;
create policy p on t${index} for select using (g);
`;
}).join('');
const change = Array.from(
  { length: changed },
  (_, index) => `alter table t${index} add added text not null default 'x'`,
).join(';');

async function run(url: string, sql: string): Promise<void> {
  const client = connect(url);
  try {
    await client.script(sql);
  } finally {
    await client.close();
  }
}

/** Milliseconds that PostgreSQL takes for the schema, on a server like the one that replays it. */
async function bareMs(): Promise<number> {
  return await withThrowaway({}, signal, async server => {
    const url = await server.createDatabase('bare');
    const began = performance.now();
    await run(url, schema);
    return performance.now() - began;
  });
}

/** Of this process, and of those that it has waited for. */
function processorSeconds(): { readonly own: number; readonly children: number } {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ').at(-1)!.split(' ').map(Number);
  return { own: (fields[11]! + fields[12]!) / 100, children: (fields[13]! + fields[14]!) / 100 };
}

const project = temporaryFolder('peakstone-diff-');
writeFileSync(join(project, `${VERSION}_all.sql`), schema);
const folder = await readFolder(project);
const desired = await testDatabase({ sql: schema });
try {
  const session = await MigrateSession.open(
    { url: desired.superuserUrl, lockTimeoutMs: 10_000, tableLockTimeoutMs: 10_000 },
    signal,
  );
  await setVersion(folder, session, historyOf(folder, null), { version: VERSION, operatorVersion: 'bench' });
  await session.close();
  await run(desired.superuserUrl, change);
  const sqlMs = await bareMs();

  const phases: [string, number][] = [];
  const before = processorSeconds();
  const { files, unproven } = await diffMigrations(
    {
      folder,
      wanted: { kind: 'database', url: desired.superuserUrl },
      renames: [],
      offline: false,
      onProgress: what => void phases.push([what, performance.now()]),
    },
    stackPaths(project),
    process.env,
    signal,
  );
  const ended = performance.now();
  const after = processorSeconds();
  if (unproven.length > 0) throw new Error(unproven.join('\n'));
  for (const [index, [what, at]] of phases.entries())
    console.log(`${(((phases[index + 1]?.[1] ?? ended) - at) / 1000).toFixed(1).padStart(5)} s  ${what}`);
  const ms = ended - phases[0]![1];
  const statements = files.reduce((sum, file) => sum + file.statements.length, 0);
  console.log(
    `${count} tables, ${changed} of them changed, ${statements} statements, proven: ${(ms / 1000).toFixed(1)} s, ${(ms / sqlMs).toFixed(2)} × their own SQL (${(sqlMs / 1000).toFixed(1)} s); processor time ${(after.own - before.own).toFixed(1)} s here, ${(after.children - before.children).toFixed(1)} s of the throw-away PostgreSQL`,
  );
} finally {
  await desired.drop();
  rmSync(project, { recursive: true });
}
