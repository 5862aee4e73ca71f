/** Requests while the schema changes under them: the catalog and every prepared statement are behind for a moment. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase, until } from '@peakstone/testing';
import { httpRequest, readText, startEngine, type TestRequest } from '../support/engine.ts';

const schema = (guest: string): string => `
  create schema api;
  create table api.items (id int primary key, code int not null, label text);
  insert into api.items select n, n, 'item ' || n from generate_series(1, 100) n;
  create table api.parts (id int primary key, item_id int references api.items);
  insert into api.parts select n, n from generate_series(1, 100) n;
  create view api.codes as select id, code as value, label from api.items;
  create function api.code_of(item int) returns text language sql stable as 'select code::text from api.items where id = item';
  create role ${guest} nologin;
  grant usage on schema api to ${guest};
  grant all on all tables in schema api to ${guest};
  alter default privileges in schema api grant all on tables to ${guest};
`;

const recreated = (value: string): string =>
  `create view api.codes as select id, ${value} as value, label from api.items`;

/** Each is one migration. */
const changes: readonly string[] = [
  'alter table api.parts alter column item_id type bigint',
  'alter table api.parts alter column item_id type int',
  `drop view api.codes; alter table api.items alter column label type varchar(50); ${recreated('code')}`,
  `drop view api.codes; alter table api.items alter column code type bigint using code::bigint; ${recreated('code')}`,
  `drop view api.codes; ${recreated('code::text')}`,
  `drop view api.codes; alter table api.items alter column code type text; ${recreated('code')}`,
  `drop view api.codes; ${recreated('code::int')}`,
  `drop view api.codes; alter table api.items alter column code type int using code::int; ${recreated('code')}`,
];

const json = { 'content-type': 'application/json', prefer: 'return=representation' };
const requests = (n: number): readonly TestRequest[] => [
  { target: `/items?code=eq.${n}&select=id,code,label` },
  { target: `/items?code=in.(${n},1)&select=id,label&order=code` },
  { target: `/codes?value=eq.${n}` },
  { target: `/codes?value=gte.${n}&order=value.desc&limit=3`, headers: { prefer: 'count=exact' } },
  { target: `/parts?id=eq.${n}&select=id,items(code,label)` },
  { target: `/rpc/code_of?item=${n}` },
  {
    method: 'PATCH',
    target: `/items?code=eq.${n}`,
    headers: json,
    body: JSON.stringify({ label: `item ${n}`, code: n }),
  },
  {
    method: 'POST',
    target: '/items?on_conflict=id&select=id,code',
    headers: { ...json, prefer: 'return=representation,resolution=merge-duplicates' },
    body: JSON.stringify([{ id: n, code: n, label: `item ${n}` }]),
  },
];

describe('while the schema changes', () => {
  let database: TestDatabase;
  let admin: Pool;
  before(async () => {
    database = await testDatabase();
    const guest = `${database.name}_guest`;
    admin = createPool({ url: database.superuserUrl, size: 1 });
    await admin.script(`${schema(guest)} grant ${guest} to ${database.name}`);
  });
  after(async () => {
    await admin.script(`drop owned by ${database.name}_guest cascade; drop role ${database.name}_guest`);
    await admin.close();
    await database.drop();
  });

  for (const type of ['int', 'text'])
    it(`every request is answered, with a catalog from when a column was ${type}`, async () => {
      await admin.script(
        `drop view api.codes; alter table api.items alter column code type ${type} using code::${type}; ${recreated('code')}`,
      );
      const engine = await startEngine(database.url, {
        dbSchemas: ['api'],
        dbAnonRole: `${database.name}_guest`,
      });
      let stop = false;
      const failures = new Map<string, number>();
      let answered = 0;
      const worker = async (seed: number): Promise<void> => {
        for (let n = seed; !stop; n++) {
          const each = requests((n % 100) + 1)[n % 8]!;
          const { status, body } = await engine.handler(httpRequest(each));
          answered++;
          if (status < 300) continue;
          const what = `${each.method ?? 'GET'} ${each.target.replace(/\d+/g, 'N')}: ${status} ${await readText(body)}`;
          failures.set(what, (failures.get(what) ?? 0) + 1);
        }
      };
      const workers = Array.from({ length: 16 }, (_, i) => worker(i * 7));
      try {
        for (let round = 0; round < 6; round++) {
          for (const change of changes) {
            const before = answered;
            await admin.script(`begin; ${change}; commit`);
            await until(() => answered > before + 50);
          }
        }
      } finally {
        stop = true;
        await Promise.all(workers);
        await engine.close();
      }
      assert.deepEqual([...failures], []);
    });
});
