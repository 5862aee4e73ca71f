/**
 * `npm run bench -- migrate/apply [--files N]`
 *
 * How long a folder of many files takes beyond its SQL: against the very same statements, file by file in a transaction each,
 * on one connection that does nothing else. With `ATLAS_BIN`, Atlas' time beside it.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { connectClient, parseConninfo } from '@peakstone/kernel/pg';
import { testDatabase } from '@peakstone/testing';
import { MigrateProject } from '../test/project.ts';

const { files: wanted = '1000' } = parseArgs({ options: { files: { type: 'string' } } }).values;
const count = Number(wanted);

const texts = Array.from({ length: count }, (_, index) => [
  `create table t${index} (id bigint generated always as identity primary key, name text not null);`,
  `create index on t${index} (name);`,
]);

/** The SQL alone. */
async function bare(): Promise<number> {
  const database = await testDatabase();
  const client = await connectClient({ url: database.url });
  const began = performance.now();
  for (const statements of texts) {
    await client.script('begin');
    for (const text of statements) await client.script(text);
    await client.script('commit');
  }
  const ms = performance.now() - began;
  client.close();
  await database.drop();
  return ms;
}

async function ours(project: MigrateProject): Promise<number> {
  const began = performance.now();
  const { error } = await project.apply();
  if (error) throw error;
  return performance.now() - began;
}

function theirs(program: string, { folder, database }: MigrateProject): number {
  const { user, password = '', database: name, hosts } = parseConninfo(database.url);
  const { host, port } = hosts[0]!;
  const query = new URLSearchParams({ host, port: String(port), sslmode: 'disable' });
  const url = `postgres://${user}:${encodeURIComponent(password)}@/${name}?${query}`;
  const began = performance.now();
  const { status, stderr } = spawnSync(program, ['migrate', 'apply', '--dir', `file://${folder}`, '-u', url]);
  if (status !== 0) throw new Error(String(stderr));
  return performance.now() - began;
}

const files = Object.fromEntries(
  texts.map((statements, index) => [`${String(index).padStart(6, '0')}_t.sql`, `${statements.join('\n')}\n`]),
);
const project = await MigrateProject.make(files);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const [before, own, again] = [await bare(), await ours(project), await bare()];
const sql = Math.min(before, again);
console.log(
  `${count} files: ${seconds(own)}, their SQL alone ${seconds(sql)}: ${seconds(own - sql)} more, ${(own / sql).toFixed(2)} ×`,
);
console.log(`nothing new: ${seconds(await ours(project))}`);
if (process.env.ATLAS_BIN !== undefined) {
  const other = await MigrateProject.make(files);
  const ms = theirs(process.env.ATLAS_BIN, other);
  console.log(`Atlas: ${seconds(ms)}; ours is ${(own / ms).toFixed(2)} × that`);
  await other.close();
}
await project.close();
