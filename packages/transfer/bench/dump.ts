/**
 * `npm run bench -- transfer/dump`: how long a dump takes beside PostgreSQL's own pg_dump of the same database, and how long
 * an import of it does beside psql. Ratios; PEAKSTONE_PG_BIN names the folder of PostgreSQL 17's programs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, testDatabase } from '@peakstone/testing';
import { dumpDatabase, findPgDump, importDump, runPgDump, writeWholeFile } from '@peakstone/transfer';

const TABLES = 200;
const ROWS = 5_000;
const program = findPgDump({ PATH: process.env.PEAKSTONE_PG_BIN ?? process.env.PATH });
const folder = mkdtempSync(join(tmpdir(), 'peakstone-dump-bench-'));
const source = await testDatabase({ bootstrap: true });
const target = await testDatabase({ bootstrap: true });
try {
  const client = connect(source.roleUrl('db_migrator'));
  for (let n = 0; n < TABLES; n++)
    await client.script(`create table public.t${n} (id bigint generated always as identity primary key, name text, at timestamptz default now());
      create index on public.t${n} (name); alter table public.t${n} enable row level security; create policy all_of_it on public.t${n} using (true);
      insert into public.t${n} (name) select md5(i::text) || repeat('x', 100) from generate_series(1, ${ROWS}) i`);
  await client.close();
  const file = join(folder, 'ours.sql');
  const ours = await timed(() =>
    writeWholeFile(file, write => dumpDatabase({ url: source.superuserUrl, write })),
  );
  console.log(`dump of ${TABLES} tables, ${TABLES * ROWS} rows: ${ours.toFixed(0)} ms`);
  if (program === null) console.log('no pg_dump of version 17: no ratio');
  else {
    const real = join(folder, 'real.sql');
    const theirs = await timed(() =>
      writeWholeFile(real, write => runPgDump(program, { url: source.superuserUrl, write })),
    );
    console.log(`pg_dump: ${theirs.toFixed(0)} ms; ours takes ${(ours / theirs).toFixed(2)} times that`);
  }
  const imported = await timed(() =>
    importDump({
      origin: 'postgres',
      files: [file],
      adminUrl: target.superuserUrl,
      ownerUrl: target.roleUrl('db_migrator'),
    }),
  );
  console.log(`import: ${imported.toFixed(0)} ms`);
  const psql = program === null ? null : join(program, '..', 'psql');
  if (psql !== null) {
    const plain = await testDatabase({});
    const restored = await timed(async () => {
      const run = spawnSync(psql, ['-q', '-d', plain.superuserUrl, '-f', file], { encoding: 'utf8' });
      if (run.status !== 0) throw new Error(run.stderr);
    });
    console.log(
      `psql: ${restored.toFixed(0)} ms; import takes ${(imported / restored).toFixed(2)} times that`,
    );
    await plain.drop();
  }
  console.log(`memory: ${(process.memoryUsage().rss / 1024 ** 2).toFixed(0)} MB`);
} finally {
  await source.drop();
  await target.drop();
  rmSync(folder, { recursive: true, force: true });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
