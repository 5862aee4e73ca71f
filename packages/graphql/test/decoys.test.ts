/** Statements that run as a login of more rights than those who write the application's schemas call nothing of theirs unasked. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, plantDecoys, type TestDatabase, testDatabase } from '@peakstone/testing';
import { adminSecret, type GraphqlInstance, serveDatabase } from './support/server.ts';
import { subscribe, transportClient } from './support/sockets.ts';

const names = Array.from({ length: 60 }, (_, i) => `a${i}: name`).join(' ');

/** What is asked, and a part of the answer by which it is known that it was answered rightly. */
const asked: readonly (readonly [operation: string, expected: unknown])[] = [
  ...Object.entries({
    _eq: '"b"',
    _in: '["b"]',
    _like: '"b%"',
    _ilike: '"B%"',
    _similar: '"(b|c)"',
    _regex: '"^b"',
    _iregex: '"^B"',
    _gte: '"b"',
    _gt: '"a"',
  }).map(
    ([operator, value]) =>
      [
        `{ item(where: {name: {${operator}: ${value}}}) { id name } }`,
        { item: [{ id: 2, name: 'b' }] },
      ] as const,
  ),
  ...Object.entries({
    _neq: '"b"',
    _nin: '["b"]',
    _nlike: '"b%"',
    _nilike: '"B%"',
    _nsimilar: '"(b|c)"',
    _nregex: '"^b"',
    _niregex: '"^B"',
    _lt: '"b"',
    _lte: '"a"',
  }).map(
    ([operator, value]) =>
      [`{ item(where: {name: {${operator}: ${value}}}) { id } }`, { item: [{ id: 1 }] }] as const,
  ),
  [
    '{ item(where: {more: {_contains: {a: 1}, _has_key: "a", _has_keys_any: ["a", "z"]}}, order_by: {name: desc}, limit: 1) { more(path: "a") } }',
    { item: [{ more: 1 }] },
  ],
  [
    '{ item(distinct_on: name, order_by: [{name: asc}, {parts_aggregate: {max: {label: asc}}}]) { name parts(order_by: {item: {name: asc}}) { label item { name } } } }',
    {
      item: [
        { name: 'a', parts: [{ label: 'of a', item: { name: 'a' } }] },
        { name: 'b', parts: [] },
      ],
    },
  ],
  [
    '{ item_aggregate(where: {parts_aggregate: {count: {predicate: {_gte: 0}}}}) { aggregate { count names: count(columns: name, distinct: true) max { name } min { name } sum { amount } } nodes { id } } }',
    {
      item_aggregate: {
        aggregate: { count: 2, names: 2, max: { name: 'b' }, min: { name: 'a' }, sum: { amount: 3 } },
        nodes: [{ id: 1 }, { id: 2 }],
      },
    },
  ],
  [
    'mutation { insert_item(objects: [{id: 3, name: "c", parts: {data: [{label: "of c"}]}}, {id: 4, name: "d"}]) { affected_rows returning { name parts { label } } } }',
    {
      insert_item: {
        affected_rows: 3,
        returning: [
          { name: 'c', parts: [{ label: 'of c' }] },
          { name: 'd', parts: [] },
        ],
      },
    },
  ],
  [
    'mutation { insert_item_one(object: {id: 4, name: "e"}, on_conflict: {constraint: item_pkey, update_columns: name, where: {name: {_eq: "d"}}}) { name } }',
    { insert_item_one: { name: 'e' } },
  ],
  [
    'mutation { update_item(where: {name: {_eq: "e"}}, _inc: {amount: 2}, _append: {more: {b: 2}}) { affected_rows returning { amount more } } }',
    { update_item: { affected_rows: 1, returning: [{ amount: 2, more: { b: 2 } }] } },
  ],
  [
    'mutation { delete_part(where: {item: {name: {_eq: "c"}}}) { affected_rows } delete_item(where: {name: {_in: ["c", "e"]}}) { affected_rows returning { name } } }',
    {
      delete_part: { affected_rows: 1 },
      delete_item: { affected_rows: 2, returning: [{ name: 'c' }, { name: 'e' }] },
    },
  ],
];

const table = { schema: 'public', name: 'item' };
/** Of the v1 API. */
const commands: readonly (readonly [command: unknown, expected: unknown])[] = [
  [{ type: 'select', args: { table, columns: ['id'], where: { name: { $like: 'b%' } } } }, [{ id: 2 }]],
  [{ type: 'count', args: { table, where: { name: 'b' }, distinct: ['name'] } }, { count: 1 }],
  [
    { type: 'insert', args: { table, objects: [{ id: 5, name: 'f' }], returning: ['name'] } },
    { affected_rows: 1, returning: [{ name: 'f' }] },
  ],
  [{ type: 'update', args: { table, where: { name: 'f' }, $set: { name: 'g' } } }, { affected_rows: 1 }],
  [{ type: 'delete', args: { table, where: { name: { $eq: 'g' } } } }, { affected_rows: 1 }],
];

for (const authorization of ['rls', 'metadata']) {
  describe(`operators and functions of the application’s schema, where ${authorization} decides`, () => {
    let database: TestDatabase;
    let server: GraphqlInstance;
    before(async () => {
      database = await testDatabase({ bootstrap: true });
      const migrator = database.roleUrl('db_migrator');
      await plantDecoys(migrator, { schema: 'public', raises: true, closer: true });
      const client = connect(migrator);
      await client.script(`set search_path = pg_catalog;
        create table public.item (id int primary key, name varchar, amount int default 0, more jsonb default '{}');
        create table public.part (id int primary key generated always as identity, label varchar, item_id int references public.item);
        insert into public.item values (1, 'a', 1, '{}'), (2, 'b', 2, '{"a": 1}');
        insert into public.part (label, item_id) values ('of a', 1)`);
      await client.close();
      server = await serveDatabase(
        database.roleUrl('hasura'),
        {
          PEAKSTONE_GRAPHQL_AUTHORIZATION: authorization,
          HASURA_GRAPHQL_ADMIN_SECRET: adminSecret,
          HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
        },
        { listens: true },
      );
      for (const name of ['item', 'part'])
        await command('pg_track_table', { table: { schema: 'public', name } });
      await command('pg_create_array_relationship', {
        table,
        name: 'parts',
        using: {
          foreign_key_constraint_on: { table: { schema: 'public', name: 'part' }, column: 'item_id' },
        },
      });
      await command('pg_create_object_relationship', {
        table: { schema: 'public', name: 'part' },
        name: 'item',
        using: { foreign_key_constraint_on: 'item_id' },
      });
    });
    after(async () => {
      await server.stop();
      await database.drop();
    });

    const headers = { 'x-hasura-admin-secret': adminSecret };
    /** What RLS mode has without is there already. */
    const command = async (type: string, args: unknown): Promise<void> => {
      const { status, text } = await server.post('/v1/metadata', { type, args }, headers);
      if (status !== 200 && !text.includes('already')) throw new Error(text);
    };

    it('are not called by queries and mutations that do not name them', async () => {
      for (const [query, data] of asked)
        assert.deepEqual(await server.graphql(query, { headers }), { data }, query);
      const { data } = (await server.graphql(`{ item_by_pk(id: 2) { ${names} } }`, { headers })) as {
        data: { item_by_pk: Record<string, string> };
      };
      assert.equal(data.item_by_pk.a59, 'b');
    });

    it('nor by connections, the v1 API or live queries', async () => {
      const relay = await server.post(
        '/v1beta1/relay',
        {
          query:
            '{ item_connection(first: 1, order_by: {name: desc}) { pageInfo { hasNextPage endCursor } edges { cursor node { id name } } } }',
        },
        headers,
      );
      assert.match(relay.text, /"hasNextPage" ?: ?true/);
      const [, cursor] = /"endCursor" ?: ?"([^"]+)"/.exec(relay.text)!;
      const next = await server.post(
        '/v1beta1/relay',
        {
          query: `{ item_connection(first: 1, after: "${cursor}", order_by: {name: desc}) { pageInfo { hasPreviousPage } edges { node { name } } } }`,
        },
        headers,
      );
      assert.match(next.text, /"name" ?: ?"a"/);
      for (const [each, expected] of commands) {
        const { text } = await server.post('/v2/query', each, headers);
        assert.deepEqual(JSON.parse(text), expected, JSON.stringify(each));
      }
      const client = transportClient(server.service.port, headers);
      const live = subscribe(
        client,
        'subscription { item(where: {name: {_eq: "b"}}) { name parts { label } } }',
      );
      assert.deepEqual(await live.next(), { data: { item: [{ name: 'b', parts: [] }] } });
      await client.dispose();
    });
  });
}
