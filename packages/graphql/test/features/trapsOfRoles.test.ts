/** Where other servers of this contract go wrong with roles, computed fields, sessions and subscriptions: a test a rule. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';

const user = 'd7bf2ae2-5b3a-4a49-8d56-3d4f1b0e1e11';
const long = `x-hasura-${'l'.repeat(80)}`;

describe('what is easily got wrong about who asks', () => {
  let server: GraphqlServer;
  const select = (table: string, role: string, permission: object) =>
    server.metadata('pg_create_select_permission', { table, role, permission });
  const ask = (query: string, role = 'admin', session: Record<string, string> = {}, variables?: unknown) =>
    server.graphql(query, { role, headers: session, ...(variables !== undefined && { variables }) });

  before(async () => {
    server = await startGraphql(
      {
        sql: `
          create table doc (id int primary key, owner int, secret text, tags jsonb, kind text, "group" int);
          insert into doc values (1, 7, 's1', '[7]', 'a', 1), (2, 8, 's2', '{"values": ["x-hasura-user-id"]}', 'b', 2), (3, 7, 's3', '7', 'a', 3);
          create table membership (doc_group int, member text); insert into membership values (1, 'Ann'), (3, 'Bob');
          create table author (id int primary key, name text);
          create table article (id int primary key, author_id int, title text, hidden boolean default false);
          insert into author values (1, 'Ann'), (2, 'Bob');
          insert into article values (1, 1, 'One', false), (2, 1, 'Two', true);
          create function shout(author_row author) returns text language sql stable as $$ select upper(author_row.name) $$;
          create function articles_of(author_row author) returns setof article language sql stable as $$ select * from article where author_id = author_row.id $$;
          create function latest(author_row author) returns article language sql stable as $$ select * from article where author_id = author_row.id and id > 100 $$;
          create function nothing(author_row author) returns setof text language sql stable as $$ select 'x' where false $$;
          create function seen_by(author_row author, hasura_session json) returns text language sql stable as $$ select hasura_session ->> 'x-hasura-user-id' $$;
          create function search(hasura_session json, word text) returns setof author language sql stable as $$ select * from author where name = word or id::text = hasura_session ->> 'x-hasura-user-id' $$;`,
      },
      { HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '50' },
      { listens: true },
    );
    for (const table of ['doc', 'membership', 'author', 'article'])
      await server.metadata('pg_track_table', { table });
    const computed = (name: string, definition: object) =>
      server.metadata('pg_add_computed_field', { table: 'author', name, definition });
    await computed('shout', { function: 'shout' });
    await computed('articles_of', { function: 'articles_of' });
    await computed('latest', { function: 'latest' });
    await computed('nothing', { function: 'nothing' });
    await computed('seen_by', { function: 'seen_by', session_argument: 'hasura_session' });
    await server.metadata('pg_track_function', {
      function: 'search',
      configuration: { session_argument: 'hasura_session' },
    });
  });
  after(() => server.stop());

  it('a session variable in a JSON operator is cast as it stands, one inside a literal is not looked at (#6803)', async () => {
    await select('doc', 'tagged', { columns: ['id'], filter: { tags: { _contains: 'X-Hasura-User-Id' } } });
    const tagged = (id: string) =>
      ask('{ doc(order_by: {id: asc}) { id } }', 'tagged', { 'x-hasura-user-id': id });
    assert.deepEqual(await tagged('7'), { data: { doc: [{ id: 1 }, { id: 3 }] } });
    const refused = JSON.stringify(await tagged(user));
    assert.match(refused, /"code":"data-exception"/);
    assert.match(refused, /invalid input syntax for type json/);
    await select('doc', 'literal', {
      columns: ['id'],
      filter: { tags: { _contains: { values: ['x-hasura-user-id'] } } },
    });
    assert.deepEqual(await ask('{ doc { id } }', 'literal', { 'x-hasura-user-id': '7' }), {
      data: { doc: [{ id: 2 }] },
    });
  });

  it('a role that inherits from one that inherits keeps each row’s columns to the role that grants them (#10711, #6672)', async () => {
    await select('doc', 'all_ids', { columns: ['id'], filter: {} });
    await select('doc', 'own_secrets', { columns: ['id', 'secret'], filter: { owner: 'X-Hasura-User-Id' } });
    await server.metadata('add_inherited_role', { role_name: 'inner', role_set: ['all_ids', 'own_secrets'] });
    await select('author', 'reader', { columns: ['name'], filter: {} });
    await server.metadata('add_inherited_role', { role_name: 'outer', role_set: ['inner', 'reader'] });
    for (const role of ['inner', 'outer'])
      assert.deepEqual(
        await ask('{ doc(order_by: {id: asc}) { id secret } }', role, { 'x-hasura-user-id': '7' }),
        {
          data: {
            doc: [
              { id: 1, secret: 's1' },
              { id: 2, secret: null },
              { id: 3, secret: 's3' },
            ],
          },
        },
      );
    // Nobody learns a hidden value by asking for the rows that have it.
    assert.deepEqual(
      await ask('{ doc(where: {secret: {_eq: "s2"}}) { id } }', 'outer', { 'x-hasura-user-id': '7' }),
      { data: { doc: [] } },
    );
    assert.deepEqual(await ask('{ author { name } }', 'outer', { 'x-hasura-user-id': '7' }), {
      data: { author: [{ name: 'Ann' }, { name: 'Bob' }] },
    });
  });

  it('a computed scalar is a permission of its own, computed rows are the returned table’s (#3565, #5974)', async () => {
    await select('author', 'plain', { columns: ['id'], filter: {} });
    assert.match(JSON.stringify(await ask('{ author { shout } }', 'plain')), /field 'shout' not found/);
    assert.match(
      JSON.stringify(await ask('{ author { articles_of { id } } }', 'plain')),
      /field 'articles_of' not found/,
    );
    await select('article', 'plain', { columns: ['id'], filter: { hidden: false } });
    assert.deepEqual(await ask('{ author_by_pk(id: 1) { articles_of { id } } }', 'plain'), {
      data: { author_by_pk: { articles_of: [{ id: 1 }] } },
    });
    await select('author', 'loud', { columns: ['id'], filter: {}, computed_fields: ['shout'] });
    assert.deepEqual(await ask('{ author_by_pk(id: 1) { shout } }', 'loud'), {
      data: { author_by_pk: { shout: 'ANN' } },
    });
  });

  it('a function of one row gives one of nulls where there is none', async () => {
    assert.deepEqual(await ask('{ author_by_pk(id: 1) { id latest { id title } } }'), {
      data: { author_by_pk: { id: 1, latest: [{ id: null, title: null }] } },
    });
    assert.deepEqual(await ask('{ author_by_pk(id: 1) { id nothing } }'), { data: { author_by_pk: null } });
  });

  it('an argument that takes the session is none of the client’s (#4901)', async () => {
    assert.deepEqual(await ask('{ author_by_pk(id: 1) { seen_by } }', 'admin', { 'x-hasura-user-id': '9' }), {
      data: { author_by_pk: { seen_by: '9' } },
    });
    assert.match(
      JSON.stringify(await ask('{ author { seen_by(args: {hasura_session: "{}"}) } }')),
      /'seen_by' has no argument named 'args'/,
    );
    assert.match(
      JSON.stringify(await ask('{ search(args: {word: "Ann", hasura_session: "{}"}) { id } }')),
      /field 'hasura_session' not found in type: 'search_args'/,
    );
  });

  it('a filter that asks whether a row exists refers to the outer row, whatever both are called (#9457)', async () => {
    await select('doc', 'member', {
      columns: ['id'],
      filter: {
        _exists: {
          _table: { schema: 'public', name: 'membership' },
          _where: { doc_group: { _ceq: ['$', 'group'] }, member: 'X-Hasura-Name' },
        },
      },
    });
    assert.deepEqual(await ask('{ doc { id } }', 'member', { 'x-hasura-name': 'Ann' }), {
      data: { doc: [{ id: 1 }] },
    });
    await select('doc', 'twin', {
      columns: ['id'],
      filter: {
        _exists: {
          _table: { schema: 'public', name: 'doc' },
          _where: { owner: { _ceq: ['$', 'owner'] }, id: { _cgt: ['$', 'id'] } },
        },
      },
    });
    assert.deepEqual(await ask('{ doc { id } }', 'twin'), { data: { doc: [{ id: 1 }] } });
  });

  it('a session variable’s name may be longer than PostgreSQL’s names (#8158)', async () => {
    await select('doc', 'lengthy', { columns: ['id'], filter: { kind: { _eq: long } } });
    assert.deepEqual(await ask('{ doc { id } }', 'lengthy', { [long]: 'b', [long.slice(0, 63)]: 'a' }), {
      data: { doc: [{ id: 2 }] },
    });
  });

  it('a function that takes the session works in subscriptions, each with its own (#6657)', async () => {
    const results = [];
    for (const id of ['1', '2']) {
      const client = transportClient(server.service.port, {
        'x-hasura-role': 'admin',
        'x-hasura-user-id': id,
      });
      const live = subscribe(client, 'subscription { search(args: {word: "nobody"}) { name } }');
      results.push(await live.next());
      await live.end();
      await client.dispose();
    }
    assert.deepEqual(results, [
      { data: { search: [{ name: 'Ann' }] } },
      { data: { search: [{ name: 'Bob' }] } },
    ]);
  });

  it('subscribers whose variables and claims differ in which there are get their own rows (#7407)', async () => {
    await select('doc', 'owner', { columns: ['id', 'owner'], filter: { owner: 'X-Hasura-User-Id' } });
    const query =
      'subscription ($min: Int, $max: Int) { doc(where: {id: {_gte: $min, _lte: $max}}, order_by: {id: asc}) { id } }';
    const cases = [
      [{ 'x-hasura-user-id': '7' }, { min: 1, max: 9 }, [1, 3]],
      [{ 'x-hasura-user-id': '8', 'x-hasura-other': 'o' }, { min: 1, max: 9 }, [2]],
      [{ 'x-hasura-a': '1', 'x-hasura-user-id': '7', 'x-hasura-z': '2' }, { min: 2, max: 9 }, [3]],
      [{ 'x-hasura-user-id': '7' }, { max: 1, min: 0 }, [1]],
    ] as const;
    const all = cases.map(([session, variables]) => {
      const client = transportClient(server.service.port, { 'x-hasura-role': 'owner', ...session });
      return { client, live: subscribe(client, query, variables) };
    });
    const answers = await Promise.all(all.map(({ live }) => live.next()));
    assert.deepEqual(
      answers,
      cases.map(([, , ids]) => ({ data: { doc: ids.map(id => ({ id })) } })),
    );
    for (const { client, live } of all) {
      await live.end();
      await client.dispose();
    }
  });
});
