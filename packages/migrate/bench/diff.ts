/**
 * `npm run bench -- migrate/diff [--tables 1000]`
 *
 * A diff of two databases of many tables (ten columns, two indexes, a key to another table, a policy), 20 of which differ: all
 * of it, proof included, beside the time that PostgreSQL takes for the schema's own SQL.
 */
import { parseArgs } from 'node:util';
import { testDatabase } from '@peakstone/testing';
import { type DiffInput, loadPgDelta } from '../src/diff/index.ts';
import { diff, run } from '../test/diff/scratch.ts';

const { values } = parseArgs({ options: { tables: { type: 'string', default: '1000' } } });
const count = Number(values.tables);
const CHANGED = 20;

function schema(changed: number): string {
  return Array.from({ length: count }, (_, index) => {
    const more = index < changed ? ', added text not null default $$x$$' : '';
    const key = index === 0 ? '' : ` references t${index - 1} (id)`;
    return `create table t${index} (id bigint generated always as identity primary key, parent bigint${key}, a text not null,
      b int default 5 check (b > 0), c timestamptz default now(), d jsonb, e numeric(10, 2), f uuid, g boolean, h text[]${more});
    create index on t${index} (parent);
    create index on t${index} (a, b);
    alter table t${index} enable row level security;
    create policy p on t${index} for select using (g);`;
  }).join('\n');
}

const own = await testDatabase();
const beganSql = performance.now();
await run(own.superuserUrl, schema(0));
const sqlMs = performance.now() - beganSql;
await own.drop();

const phases: [string, number][] = [];
const engine = await loadPgDelta();
let began = 0;
const more: Partial<DiffInput> = {
  engine,
  onProgress: what => {
    if (began === 0) began = performance.now();
    phases.push([what, performance.now()]);
  },
};
let ended = 0;
const { files, unproven } = await diff({
  ...{ before: schema(0), after: schema(CHANGED), keepsCopies: true, more },
  onEnd: () => {
    ended = performance.now();
  },
});
if (unproven.length > 0) throw new Error(unproven.join('\n'));
phases.forEach(([what, at], index) => {
  console.log(`${what.padEnd(14)} ${(((phases[index + 1]?.[1] ?? ended) - at) / 1000).toFixed(1)} s`);
});
const statements = files.reduce((sum, file) => sum + file.statements.length, 0);
console.log(
  `${count} tables, ${CHANGED} of them changed, ${statements} statements, proven: ${((ended - began) / 1000).toFixed(1)} s, ${((ended - began) / sqlMs).toFixed(2)} × the schema's own SQL (${(sqlMs / 1000).toFixed(1)} s)`,
);
