/** Where other servers of this contract go wrong: one test a rule, by the number of the reference's own issue where it has one. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type GraphqlOptions, type GraphqlServer, startGraphql } from '../support/server.ts';

describe('what is easily got wrong', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      {
        sql: `
          create table author (id int primary key, name text, big bigint, score numeric, tags jsonb);
          create table article (id int primary key, title text, author_id int references author);
          create table pair (id int primary key, a int unique);
          create table keyless (n int);`,
      },
      { HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES: 'true' },
    );
    for (const table of ['author', 'article', 'pair']) await server.metadata('pg_track_table', { table });
    await server.metadata('pg_create_object_relationship', {
      table: 'article',
      name: 'author',
      using: { foreign_key_constraint_on: 'author_id' },
    });
    await server.metadata('pg_create_array_relationship', {
      table: 'author',
      name: 'articles',
      using: { foreign_key_constraint_on: { table: 'article', column: 'author_id' } },
    });
    const select = { columns: '*', filter: {}, limit: 2, allow_aggregations: true };
    await server.metadata('pg_create_select_permission', {
      table: 'article',
      role: 'user',
      permission: select,
    });
    await server.metadata('pg_create_select_permission', {
      table: 'author',
      role: 'user',
      permission: { ...select, limit: 1 },
    });
    await server.metadata('pg_create_insert_permission', {
      table: 'pair',
      role: 'user',
      permission: { columns: '*', check: {} },
    });
    await server.metadata('pg_create_select_permission', {
      table: 'pair',
      role: 'user',
      permission: { columns: '*', filter: {} },
    });
  });
  after(() => server.stop());
  beforeEach(() =>
    server.database.pool.script(`truncate author, article, pair;
      insert into author values (1, 'Ann', 809191427645181212, 1.50), (2, 'Bob', 720487892670410752, 2), (3, 'Cy', null, null);
      insert into article values (1, 'One', 1), (2, 'Two', 1), (3, 'Three', 2), (4, 'Four', 2), (5, 'Five', 2);
      insert into pair values (1, 1);`),
  );

  const answers = async (query: string, expected: unknown, options?: GraphqlOptions): Promise<void> =>
    assert.deepEqual(await server.graphql(query, options), { data: expected });
  const refuses = async (
    query: string,
    message: string,
    path: string,
    options?: GraphqlOptions,
    code = 'validation-failed',
  ): Promise<void> =>
    assert.deepEqual(await server.graphql(query, options), {
      errors: [{ message, extensions: { path, code } }],
    });

  it('a variable that the operation does not use is refused, a defined one is not', async () => {
    await refuses('{ author { id } }', 'unexpected variables in variableValues: x', '$', {
      variables: { x: 1 },
    });
    await answers('query ($x: Int) { author_by_pk(id: 1) { id } }', { author_by_pk: { id: 1 } });
    await refuses(
      'query ($x: Int!) { author_by_pk(id: $x) { id } }',
      'expecting a value for non-nullable variable: "x"',
      '$',
    );
  });

  it('limit and where of null are none, a non-null variable of null is refused', async () => {
    await answers(
      'query ($n: Int) { pair(limit: $n, where: null) { id } }',
      { pair: [{ id: 1 }] },
      { variables: { n: null } },
    );
    await refuses(
      'query ($n: Int! = 1) { pair(limit: $n) { id } }',
      'null value found for non-nullable type: "Int!"',
      '$',
      { variables: { n: null } },
    );
  });

  it('empty lists: in nothing, not in everything, or of nothing is never, and always', async () => {
    const ids = (where: string) => server.graphql(`{ author(where: ${where}, order_by: {id: asc}) { id } }`);
    const all = { data: { author: [{ id: 1 }, { id: 2 }, { id: 3 }] } };
    const none = { data: { author: [] } };
    assert.deepEqual(await ids('{id: {_in: []}}'), none);
    assert.deepEqual(await ids('{id: {_nin: []}}'), all);
    assert.deepEqual(await ids('{_or: []}'), none);
    assert.deepEqual(await ids('{_and: []}'), all);
    assert.deepEqual(await ids('{_not: {}}'), none);
  });

  it('a relationship of null in an insert is no nested insert (#7484)', () =>
    answers('mutation { insert_article(objects: {id: 9, author: null}) { affected_rows } }', {
      insert_article: { affected_rows: 1 },
    }));

  it('an order of null is none (#2755), and several keys of one object order as written (#9728)', async () => {
    await answers('{ pair(order_by: [{id: null}]) { id } }', { pair: [{ id: 1 }] });
    await answers('{ article(order_by: {author_id: desc, id: desc}, limit: 2) { id } }', {
      article: [{ id: 5 }, { id: 4 }],
    });
  });

  it('distinct_on goes by the first orders (#6778)', async () => {
    await answers('{ article(distinct_on: author_id, order_by: [{author_id: asc}, {id: desc}]) { id } }', {
      article: [{ id: 2 }, { id: 5 }],
    });
    await refuses(
      '{ article(distinct_on: author_id, order_by: [{id: desc}]) { id } }',
      '"distinct_on" columns must match initial "order_by" columns',
      '$.selectionSet.article.args',
    );
  });

  it('ordering by a count counts what the role may see, whatever is selected (#1357)', () =>
    answers(
      '{ author(order_by: {articles_aggregate: {count: desc}}) { id articles(limit: 1, order_by: {id: asc}) { id } } }',
      {
        author: [
          { id: 2, articles: [{ id: 3 }] },
          { id: 1, articles: [{ id: 1 }] },
          { id: 3, articles: [] },
        ],
      },
    ));

  it('a permission’s limit caps nodes and rows, not aggregates (#1837) and not one row beside another (#7936)', async () => {
    const as = { role: 'user' };
    await answers(
      '{ article_aggregate(order_by: {id: asc}) { aggregate { count } nodes { id } } }',
      { article_aggregate: { aggregate: { count: 5 }, nodes: [{ id: 1 }, { id: 2 }] } },
      as,
    );
    await answers(
      '{ article(order_by: {id: desc}) { author { id } } }',
      { article: [{ author: { id: 2 } }, { author: { id: 2 } }] },
      as,
    );
    await answers('{ article(limit: 1, order_by: {id: asc}) { id } }', { article: [{ id: 1 }] }, as);
  });

  it('the query’s own limit is the aggregate’s, too (#2549)', () =>
    answers('{ article_aggregate(limit: 3) { aggregate { count } } }', {
      article_aggregate: { aggregate: { count: 3 } },
    }));

  it('no updates are no answers (#10135), and no operator changes nothing', async () => {
    await answers('mutation { update_pair_many(updates: []) { affected_rows } }', { update_pair_many: [] });
    await answers(
      'mutation { update_pair(where: {}) { affected_rows } update_pair_by_pk(pk_columns: {id: 1}) { id } }',
      {
        update_pair: { affected_rows: 0 },
        update_pair_by_pk: {},
      },
    );
  });

  it('one column in two operators is refused', () =>
    refuses(
      'mutation { update_pair(where: {}, _set: {id: 1, a: 2}, _inc: {id: 2, a: 1}) { affected_rows } }',
      "Column found in multiple operators: ['id', 'a'].",
      '$.selectionSet.update_pair.args',
    ));

  it('rows beside a row that was not inserted undo the request (#1911)', async () => {
    await refuses(
      `mutation { insert_author(objects: {id: 1, articles: {data: {id: 70}}}, on_conflict: {constraint: author_pkey, update_columns: []}) { affected_rows } }`,
      'cannot proceed to insert array relations since insert to table "author" affects zero rows',
      '$.selectionSet.insert_author.args.objects[0]',
      undefined,
      'not-supported',
    );
    await answers('{ article_by_pk(id: 70) { id } }', { article_by_pk: null });
  });

  it('a role that may insert and not update has an upsert that does nothing (#8260)', async () => {
    const as = { role: 'user' };
    await answers(
      'mutation { insert_pair(objects: {id: 1, a: 7}, on_conflict: {constraint: pair_pkey, update_columns: []}) { affected_rows } __typename }',
      { insert_pair: { affected_rows: 0 }, __typename: 'mutation_root' },
      as,
    );
    await answers(
      '{ __type(name: "pair_update_column") { enumValues { name } } }',
      { __type: { enumValues: [{ name: '_PLACEHOLDER' }] } },
      as,
    );
  });

  it('large numbers in variables keep every digit (#10158)', async () => {
    const query =
      'query ($ids: [bigint!]!) { author(where: {big: {_in: $ids}}, order_by: {id: asc}) { id big } }';
    const text = `{"query":${JSON.stringify(query)},"variables":{"ids":[809191427645181212,720487892670410752]}}`;
    assert.deepEqual((await server.postText('/v1/graphql', text)).body, {
      data: {
        author: [
          { id: 1, big: '809191427645181212' },
          { id: 2, big: '720487892670410752' },
        ],
      },
    });
  });

  it('numbers are text by their column’s type, sums and averages too (#5704)', () =>
    answers(
      '{ author_aggregate(where: {id: {_lte: 2}}) { aggregate { count sum { score id } avg { id } } } }',
      {
        author_aggregate: { aggregate: { count: 2, sum: { score: '3.50', id: 3 }, avg: { id: 1.5 } } },
      },
    ));

  it('an integer in quotes is one; a fraction, or one too large, is not', async () => {
    await answers('{ author_by_pk(id: "1") { id } }', { author_by_pk: { id: 1 } });
    await refuses(
      '{ author_by_pk(id: 2147483648) { id } }',
      'The value 2.147483648e9 lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?',
      '$.selectionSet.author_by_pk.args.id',
      undefined,
      'parse-failed',
    );
    for (const [number, told] of [
      ['1e400', '1.0e400'],
      ['-12.50e400', '-1.25e401'],
    ])
      await refuses(
        `{ author_by_pk(id: ${number}) { id } }`,
        `The value ${told} lies outside the bounds or is not an integer. Maybe it is a float, or is there integer overflow?`,
        '$.selectionSet.author_by_pk.args.id',
        undefined,
        'parse-failed',
      );
  });
});

describe('what would be too much', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql({
      sql: 'create table item (id int primary key, parent int references item)',
    });
    await server.metadata('pg_track_table', { table: 'item' });
    await server.metadata('pg_create_object_relationship', {
      table: 'item',
      name: 'up',
      using: { foreign_key_constraint_on: 'parent' },
    });
  });
  after(() => server.stop());

  const refusal = async (query: string): Promise<string> => {
    const answer = (await server.graphql(query)) as {
      readonly errors?: readonly { readonly message: string }[];
    };
    return answer.errors?.[0]?.message ?? JSON.stringify(answer);
  };

  it('is refused before it is worked on: depth, aliases, fragments that double, brackets', async () => {
    assert.match(
      await refusal(`{ item ${'{ up '.repeat(300)}{ id }${' }'.repeat(300)} }`),
      /nested deeper than|not a valid graphql query/,
    );
    assert.match(
      await refusal(`{ ${Array.from({ length: 11_000 }, (_, i) => `a${i}: item { id }`).join(' ')} }`),
      /selects more than|not a valid/,
    );
    const bomb = Array.from(
      { length: 40 },
      (_, i) => `fragment f${i} on item { ...f${i + 1} ...f${i + 1} }`,
    ).join(' ');
    assert.match(
      await refusal(`{ item { ...f0 } } ${bomb} fragment f40 on item { id }`),
      /selects more than/,
    );
    assert.match(
      await refusal(
        '{ item { ...a } } fragment a on item { up { ...b } } fragment b on item { up { ...a } }',
      ),
      /form a cycle/,
    );
    assert.equal(await refusal('{'.repeat(100_000)), 'not a valid graphql query');
    assert.equal(await refusal(`{ item(where: ${'['.repeat(5000)} ) { id } }`), 'not a valid graphql query');
  });
});
