/**
 * Embeds that are asked about (2,000 parents, 400,000 children): each request's statement beside the one that builds what is
 * related for every row, which is how embeds are shown, in interleaved rounds. Also shapes that gain nothing from asking
 * first: they must not lose.
 * Run: npm run bench -- rest/embeds
 */
import { loadCatalog } from '@peakstone/kernel/catalog';
import { createPool, type Sql } from '@peakstone/kernel/pg';
import { testDatabase } from '@peakstone/testing';
import { compile } from '../test/support/compile.ts';

const database = await testDatabase({
  sql: `
create schema api;
create table api.porder (id int primary key, note text);
create table api.pitem (id int primary key, order_id int references api.porder, qty int, filler text);
create table api.pitem_plain (id int primary key, order_id int references api.porder, qty int);
insert into api.porder select g, 'order ' || g from generate_series(1, 2000) g;
insert into api.pitem select g, 1 + g % 1900, g % 1000, repeat('x', 40) from generate_series(1, 400000) g;
insert into api.pitem_plain select id, order_id, qty from api.pitem;
create index on api.pitem (order_id);
analyze api.porder, api.pitem, api.pitem_plain;`,
});
const pool = createPool({ url: database.superuserUrl, size: 1, sharedSize: 0 });
const catalog = await loadCatalog(pool, { schemas: ['api'], extraSearchPath: [] });

const built = (child: string, filter: string, test: string, limit = ''): Sql => ({
  text: `SELECT null, count(*), coalesce(json_agg(_postgrest_t), '[]') FROM (SELECT porder.id, COALESCE(e.e, '[]') AS child FROM api.porder LEFT JOIN LATERAL (SELECT json_agg(e)::jsonb AS e FROM (SELECT c.id FROM api.${child} c WHERE c.order_id = porder.id${filter}) AS e) AS e ON TRUE${test}${limit}) _postgrest_t`,
  values: [],
});
const isThere = ' WHERE e.e IS DISTINCT FROM NULL';

const shapes: readonly (readonly [string, string, Sql])[] = [
  ['only tested: none', 'id,pitem()&pitem=is.null', built('pitem', '', ' WHERE e.e IS NULL')],
  [
    'only tested: none, no index',
    'id,pitem_plain()&pitem_plain=is.null',
    built('pitem_plain', '', ' WHERE e.e IS NULL'),
  ],
  ['only tested: some', 'id,pitem()&pitem=not.is.null', built('pitem', '', isThere)],
  ['shown where none', 'id,pitem(id)&pitem=is.null', built('pitem', '', ' WHERE e.e IS NULL')],
  ['inner, few match', 'id,pitem!inner(id)&pitem.id=lt.100', built('pitem', ' AND c.id < 100', isThere)],
  ['inner, all match', 'id,pitem!inner(id)&pitem.qty=gte.0', built('pitem', ' AND c.qty >= 0', isThere)],
  [
    'inner, all match, 20 rows',
    'id,pitem!inner(id)&pitem.qty=gte.0&limit=20',
    built('pitem', ' AND c.qty >= 0', isThere, ' LIMIT 20'),
  ],
  ['inner, unfiltered', 'id,pitem!inner(id)', built('pitem', '', isThere)],
  [
    'one parent by key',
    'id,pitem!inner(id)&pitem.qty=gte.0&id=eq.7',
    built('pitem', ' AND c.qty >= 0', `${isThere} AND porder.id = 7`),
  ],
  ['shown, no test', 'id,pitem(id)', built('pitem', '', '')],
];

/** Rounds of a shape: until this time is spent, one at least. */
const shapeMs = 3000;
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

console.log(
  `${'shape'.padEnd(32)} ${'here, ms'.padStart(9)} ${'building, ms'.padStart(13)} ${'ratio'.padStart(6)}`,
);
for (const [name, select, building] of shapes) {
  const [here] = compile(catalog, `GET /porder?select=${select}`).statements;
  if (!here) throw new Error(`${name} has no statement`);
  const times: readonly [number[], number[]] = [[], []];
  for (const until = performance.now() + shapeMs; times[0].length === 0 || performance.now() < until; ) {
    for (const [i, { text, values }] of [here, building].entries()) {
      const startedAt = performance.now();
      await pool.query(text, values);
      times[i === 0 ? 0 : 1].push(performance.now() - startedAt);
    }
  }
  const [ours, theirs] = times.map(median) as [number, number];
  console.log(
    `${name.padEnd(32)} ${ours.toFixed(1).padStart(9)} ${theirs.toFixed(1).padStart(13)} ${(ours / theirs).toFixed(2).padStart(6)}`,
  );
}
await pool.close();
await database.drop();
