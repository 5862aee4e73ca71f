/** What the reference's documentation promises, what its version 12 let clients do, and names at the edge of what can be said. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { httpRequest, readText, startEngine, type TestEngine } from '../support/engine.ts';

const sql = `
create schema api;
create table api.people (id int primary key, data json);
insert into api.people values (1, '{"age": 25, "phones": [{"number": "917"}]}'), (2, '{"age": 12}'), (3, null);
create table api.marks ();
create table api.s (s int primary key, _postgrest_t text, hh int, f int, d int, r int, k text);
create function api.save(payload json) returns json language sql immutable as $$ select payload $$;
create function api.sum(payload jsonb, by int default 2) returns int language sql immutable as $$ select by $$;
`;

describe('at the corners', () => {
  let database: TestDatabase;
  let engine: TestEngine;

  before(async () => {
    database = await testDatabase({ sql });
    engine = await startEngine(database.superuserUrl, {
      dbSchemas: ['api'],
      dbAnonRole: 'postgres',
      dbAggregatesEnabled: true,
      dbTxEnd: 'rollback',
    });
  });

  after(async () => {
    await engine.close();
    await database.drop();
  });

  async function send(method: string, target: string, body = '', prefer = '') {
    const headers = { 'content-type': 'application/json', ...(prefer === '' ? {} : { prefer }) };
    const response = await engine.handler(httpRequest({ method, target, headers, body }));
    const text = await readText(response.body);
    return { status: response.status, json: text === '' ? null : JSON.parse(text) };
  }

  it('serves a table whose columns have the names that its statements use', async () => {
    const made = await engine.handler(
      httpRequest({
        method: 'POST',
        target: '/s',
        headers: { 'content-type': 'application/json', prefer: 'return=headers-only' },
        body: '{"s":1,"_postgrest_t":"t","hh":2}',
      }),
    );
    assert.equal(made.status, 201);
    assert.ok(made.headers.includes('/s?s=eq.1'), made.headers.join(' '));
    const row = { s: 1, _postgrest_t: 't', hh: 2, f: 3, d: 4, r: 5, k: 'k' };
    const returned = await send('POST', '/s', JSON.stringify(row), 'return=representation');
    assert.deepEqual(returned.json, [row]);
    for (const [accept, expected] of [
      ['text/csv', 's,_postgrest_t,hh,f,d,r,k\n1,t,2,3,4,5,k'],
      ['application/vnd.pgrst.object+json', JSON.stringify(row)],
      ['application/vnd.pgrst.array+json;nulls=stripped', JSON.stringify([row])],
    ] as const) {
      const headers = { accept, 'content-type': 'application/json', prefer: 'return=representation' };
      const response = await engine.handler(
        httpRequest({ method: 'POST', target: '/s', headers, body: JSON.stringify(row) }),
      );
      assert.equal(await readText(response.body), expected);
    }
  });

  it('compares values inside a json column', async () => {
    const ids = async (filter: string) => (await send('GET', `/people?select=id&${filter}`)).json;
    assert.deepEqual(await ids('data->age=gt.20'), [{ id: 1 }]);
    assert.deepEqual(await ids('data->age=in.(12,25)&order=data->age'), [{ id: 2 }, { id: 1 }]);
    assert.deepEqual(await ids('data->phones->0=cs.{"number":"917"}'), [{ id: 1 }]);
    assert.deepEqual(await ids('data->age=is.null'), [{ id: 3 }]);
  });

  it('casts numbers out of a json column, and sums them', async () => {
    const { json } = await send('GET', '/people?id=lt.3&order=id&select=data->age::double precision');
    assert.deepEqual(json, [{ age: 25 }, { age: 12 }]);
    const sums = await send('GET', '/people?select=data->age::numeric.sum(),n:data->>age::int.max()');
    assert.deepEqual(sums.json, [{ sum: 37, n: 25 }]);
    const texts = await send('GET', '/people?id=eq.1&select=data->phones::text');
    assert.deepEqual(texts.json, [{ phones: '[{"number": "917"}]' }]);
  });

  it('orders groups by the json path that they are grouped by', async () => {
    const path = 'data->phones->0->>number';
    const { json } = await send('GET', `/people?select=${path},count()&order=${path}.desc.nullsfirst`);
    assert.deepEqual(json, [
      { number: null, count: 2 },
      { number: '917', count: 1 },
    ]);
  });

  it('names a value after the last key that can be a name', async () => {
    const { json } = await send('GET', '/people?id=eq.1&select=data->age->>%09,x:data->>%20');
    assert.deepEqual(json, [{ age: null, x: null }]);
  });

  it('refuses an empty name as PostgreSQL does', async () => {
    for (const target of [
      '/people?select="":id',
      '/people?select=""',
      '/people?""=eq.1',
      '/people?order=""',
    ]) {
      const { status, json } = await send('GET', target);
      assert.deepEqual([status, json.code], [400, '42601'], target);
    }
  });

  it('shows rows without columns', async () => {
    assert.deepEqual((await send('POST', '/marks', '{}', 'return=representation')).json, [{}]);
    assert.deepEqual((await send('DELETE', '/marks', '', 'return=representation')).json, []);
    assert.deepEqual((await send('GET', '/marks')).json, []);
    const { json } = await send('POST', '/marks?select=nope', '{}', 'return=representation');
    assert.equal(json.code, '42703');
    const counted = await send('POST', '/marks?select=count()', '[{},{}]', 'return=representation');
    assert.deepEqual(counted.json, [{ count: 2 }]);
  });

  it('takes a whole body as the one json argument, whatever its name, when asked for a single object', async () => {
    const single = 'params=single-object';
    assert.deepEqual(await send('POST', '/rpc/save', '{"a":1}', single), { status: 200, json: { a: 1 } });
    assert.deepEqual((await send('POST', '/rpc/save', '{}', single)).json, {});
    assert.deepEqual((await send('POST', '/rpc/save', '[{"a":1},{"a":2}]', single)).json, [
      { a: 1 },
      { a: 2 },
    ]);
    assert.deepEqual((await send('POST', '/rpc/save', '{"payload":{"a":1}}')).json, { a: 1 });
    for (const [target, prefer] of [
      ['/rpc/save', ''],
      ['/rpc/sum', single],
    ] as const) {
      const { status, json } = await send('POST', target, '{"a":1}', prefer);
      assert.deepEqual([status, json.code], [404, 'PGRST202']);
    }
  });
});
