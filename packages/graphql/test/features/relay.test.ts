import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

interface Page {
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string;
    readonly endCursor: string;
  };
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly n: number } }[];
}

describe('Relay', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: `create table item (id int primary key, n int, label text);
            insert into item select i, i, case when i % 3 = 0 then null else 'l' || i % 2 end from generate_series(1, 8) i;
            create table part (item_id int references item, no int, name text, primary key (item_id, no));
            insert into part values (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c')`,
    });
    await server.metadata('bulk', [
      { type: 'pg_track_table', args: { table: 'item' } },
      { type: 'pg_track_table', args: { table: 'part' } },
      {
        type: 'pg_create_array_relationship',
        args: {
          table: 'item',
          name: 'parts',
          using: { foreign_key_constraint_on: { table: 'part', column: 'item_id' } },
        },
      },
    ]);
  });
  after(() => server.stop());

  const relay = async (query: string, variables = {}, headers = {}) =>
    (await server.post('/v1beta1/relay', { query, variables }, headers)).body as {
      readonly data: Record<string, unknown>;
      readonly errors?: readonly { readonly message: string }[];
    };
  const page = async (args: string): Promise<Page> => {
    const { data, errors } = await relay(
      `{ item_connection(${args}) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { n } } } }`,
    );
    assert.equal(errors, undefined, JSON.stringify(errors));
    return data.item_connection as Page;
  };

  it('pages through rows in either direction, each row once, nulls among them', async () => {
    const order = 'order_by: {label: desc}';
    const forward: number[] = [];
    let after = '';
    for (let more = true; more; ) {
      const { edges, pageInfo } = await page(`${order}, first: 3 ${after}`);
      forward.push(...edges.map(({ node }) => node.n));
      after = `, after: "${pageInfo.endCursor}"`;
      more = pageInfo.hasNextPage;
    }
    const backward: number[] = [];
    let before = '';
    for (let more = true; more; ) {
      const { edges, pageInfo } = await page(`${order}, last: 3 ${before}`);
      backward.unshift(...edges.map(({ node }) => node.n));
      before = `, before: "${pageInfo.startCursor}"`;
      more = pageInfo.hasPreviousPage;
    }
    assert.deepEqual(forward, [3, 6, 1, 5, 7, 2, 4, 8]);
    assert.deepEqual(backward, forward);
  });

  it('finds any row by its id, whatever table it is of, and nothing by an id of nothing', async () => {
    const { data } = await relay('{ part_connection(first: 1) { edges { node { id name } } } }');
    const [{ node }] = (data.part_connection as { edges: [{ node: { id: string } }] }).edges;
    const query =
      'query ($id: ID!) { node(id: $id) { __typename id ... on part { name } ... on item { n } } }';
    const found = await relay(query, { id: node.id });
    assert.deepEqual(found.data, { node: { __typename: 'part', id: node.id, name: 'a' } });
    const id = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
    assert.deepEqual((await relay(query, { id: id([1, 'public', 'item', 2]) })).data, {
      node: { __typename: 'item', id: Buffer.from('[1, "public", "item", 2]').toString('base64'), n: 2 },
    });
    assert.deepEqual((await relay(query, { id: id([1, 'public', 'item', 99]) })).data, { node: null });
    for (const wrong of [
      [1, 'public', 'part', 1],
      [1, 'public', 'gone', 1],
      [1, 'public', 'item', 1, 2],
      {},
      7,
    ])
      assert.match((await relay(query, { id: id(wrong) })).errors![0]!.message, /^invalid node id: /);
  });

  it('has connections of relationships, and keeps the permission’s rows and limit', async () => {
    await server.metadata('pg_create_select_permission', {
      table: 'item',
      role: 'user',
      permission: { columns: ['n'], filter: { id: { _lt: 5 } }, limit: 2 },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'part',
      role: 'user',
      permission: { columns: ['name'], filter: { no: { _eq: 1 } } },
    });
    const { data } = await relay(
      '{ item_connection(first: 10) { pageInfo { hasNextPage } edges { node { n parts_connection { edges { node { name } } } } } } }',
      {},
      { 'x-hasura-role': 'user' },
    );
    const parts = (name: string) => ({ edges: [{ node: { name } }] });
    assert.deepEqual(data.item_connection, {
      pageInfo: { hasNextPage: true },
      edges: [
        { node: { n: 1, parts_connection: parts('a') } },
        { node: { n: 2, parts_connection: parts('c') } },
      ],
    });
  });

  it('refuses both ends at once and cursors of another order', async () => {
    const refusal = async (args: string) =>
      (await relay(`{ item_connection(${args}) { edges { cursor } } }`)).errors![0]!.message;
    assert.equal(await refusal('first: 1, last: 1'), '"first" and "last" are not allowed at once');
    assert.equal(
      await refusal('after: "e30=", before: "e30="'),
      '"after" and "before" are not allowed at once',
    );
    assert.equal(await refusal('after: "e30="'), 'the "after" or "before" cursor is invalid');
    assert.equal(await refusal('after: "nonsense"'), 'the "after" or "before" cursor is invalid');
  });

  it('answers an operation with another cursor by the same plan', async () => {
    const query =
      'query ($after: String) { item_connection(first: 1, after: $after) { edges { cursor node { n } } } }';
    const seen: number[] = [];
    let after: string | null = null;
    for (let i = 0; i < 3; i++) {
      const { data } = await relay(query, { after });
      const [edge] = (data.item_connection as Page).edges;
      seen.push(edge!.node.n);
      after = edge!.cursor;
    }
    assert.deepEqual(seen, [1, 2, 3]);
  });
});
