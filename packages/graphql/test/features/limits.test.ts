/** What the metadata's limits refuse, what `@cached` keeps, what is told to who watches. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

const notes = `
  create table note (id int primary key, owner text not null, body text not null);
  insert into note values (1, 'ann', 'One'), (2, 'bob', 'Two');
  create table reader (id int primary key, note_id int references note);
  create function slow() returns setof note language sql stable as
    'select note.* from note, pg_sleep(5)';
  create view asked as select 1 as id, current_query() as text;`;

const metricsSecret = 'the secret of who watches';

describe('limits, kept answers and figures', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      { sql: notes },
      {
        HASURA_GRAPHQL_ENABLED_APIS: 'graphql,metadata,metrics',
        HASURA_GRAPHQL_METRICS_SECRET: metricsSecret,
      },
      { listens: true },
    );
    for (const table of ['note', 'reader', 'asked']) {
      await server.metadata('pg_track_table', { table });
      for (const role of ['user', 'guest'])
        await server.metadata('pg_create_select_permission', {
          table,
          role,
          permission: {
            columns: '*',
            filter: table === 'note' && role === 'user' ? { owner: 'X-Hasura-User-Id' } : {},
          },
        });
    }
    await server.metadata('pg_track_function', { function: 'slow' });
    await server.metadata('pg_create_array_relationship', {
      table: 'note',
      name: 'readers',
      using: { foreign_key_constraint_on: { table: 'reader', column: 'note_id' } },
    });
  });
  after(() => server.stop());

  const as = (role: string, id = 'ann') => ({ role, headers: { 'x-hasura-user-id': id } });
  const codeOf = (answer: unknown) =>
    (answer as { errors?: [{ extensions: { code: string } }] }).errors?.[0].extensions.code;
  const notesOf = (answer: unknown) => (answer as { data: { note: unknown[] } }).data.note;

  describe('limits', () => {
    it('of depth and nodes hold for a role before all, and never for the administrator', async () => {
      await server.metadata('set_api_limits', {
        disabled: false,
        depth_limit: { global: 1, per_role: { user: 3 } },
        node_limit: { global: 9, per_role: { user: 2 } },
      });
      const deep = '{ note { readers { id } } }';
      assert.equal(codeOf(await server.graphql(deep, as('guest'))), 'validation-failed');
      assert.equal(codeOf(await server.graphql(deep, as('user'))), undefined);
      const many = '{ note { readers { id } } reader { id } }';
      assert.equal(codeOf(await server.graphql(many, as('user'))), 'validation-failed');
      assert.equal(codeOf(await server.graphql(many)), undefined);
    });

    it('of requests per minute count each sender', async () => {
      await server.metadata('set_api_limits', {
        disabled: false,
        rate_limit: { global: { max_reqs_per_min: 3, unique_params: ['x-hasura-user-id'] } },
      });
      const ask = async (id: string) => codeOf(await server.graphql('{ note { id } }', as('user', id)));
      for (let i = 0; i < 3; i++) assert.equal(await ask('ann'), undefined);
      assert.equal(await ask('ann'), 'rate-limit-exceeded');
      assert.equal(await ask('bob'), undefined);
    });

    it('of time end what takes longer', async () => {
      await server.metadata('set_api_limits', {
        disabled: false,
        time_limit: { global: 0.3, per_role: {} },
      });
      const startedAt = Date.now();
      assert.equal(codeOf(await server.graphql('{ slow { id } }', as('guest'))), 'time-limit-exceeded');
      assert.ok(Date.now() - startedAt < 3000);
    });

    it('of batches refuse the longer ones', async () => {
      await server.metadata('set_api_limits', { disabled: false, batch_limit: { global: 2 } });
      const batch = (length: number) =>
        server.post('/v1/graphql', Array(length).fill({ query: '{ note { id } }' }), {
          'x-hasura-role': 'guest',
        });
      assert.ok(Array.isArray((await batch(2)).body));
      assert.ok(!Array.isArray((await batch(3)).body));
      await server.metadata('remove_api_limits', {});
      assert.ok(Array.isArray((await batch(3)).body));
    });
  });

  describe('@cached', () => {
    const cached = (options = '') => `query @cached${options} { note(order_by: {id: asc}) { id body } }`;
    const rename = (body: string) =>
      server.database.pool.query('update note set body = $1 where id = 1', [body]);

    it('gives what was, each session its own, until it is refreshed or the metadata changes', async () => {
      const first = { id: 1, body: 'One' };
      assert.deepEqual(notesOf(await server.graphql(cached(), as('user'))), [first]);
      await rename('Uno');
      assert.deepEqual(notesOf(await server.graphql(cached(), as('user'))), [first]);
      assert.deepEqual(notesOf(await server.graphql(cached(), as('user', 'bob'))), [{ id: 2, body: 'Two' }]);
      assert.equal(notesOf(await server.graphql(cached(), as('guest'))).length, 2);
      const now = { id: 1, body: 'Uno' };
      assert.deepEqual(notesOf(await server.graphql(cached('(refresh: true)'), as('user'))), [now]);
      await rename('One');
      assert.deepEqual(notesOf(await server.graphql(cached(), as('user'))), [now]);
      await server.metadata('reload_metadata', {});
      await server.metadata('pg_drop_select_permission', { table: 'reader', role: 'guest' });
      assert.deepEqual(notesOf(await server.graphql(cached(), as('user'))), [first]);
    });

    it('keeps an answer no longer than it says', async () => {
      const brief = cached('(ttl: 1)');
      await server.graphql(brief, as('guest'));
      await rename('Eins');
      assert.deepEqual(notesOf(await server.graphql(brief, as('guest')))[0], { id: 1, body: 'One' });
      await new Promise(resolve => setTimeout(resolve, 1100));
      assert.deepEqual(notesOf(await server.graphql(brief, as('guest')))[0], { id: 1, body: 'Eins' });
    });

    it('says so in headers', async () => {
      const ask = () =>
        fetch(`http://127.0.0.1:${server.service.port}/v1/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-hasura-role': 'guest' },
          body: JSON.stringify({ query: 'query @cached(ttl: 30) { note { id } }' }),
        });
      const [one, two] = [await ask(), await ask()];
      assert.equal(await one.text(), await two.text());
      assert.equal(one.headers.get('cache-control'), 'max-age=30');
      assert.match(two.headers.get('cache-control') ?? '', /^max-age=(30|29|28)$/);
      assert.equal(one.headers.get('x-hasura-query-cache-key'), two.headers.get('x-hasura-query-cache-key'));
    });
  });

  it('query tags name the operation in its statement, once asked for', async () => {
    const query = 'query Whose { asked { text } }';
    const text = async () =>
      ((await server.graphql(query)) as { data: { asked: [{ text: string }] } }).data.asked[0].text;
    assert.doesNotMatch(await text(), /operation_name/);
    await server.metadata('set_query_tags', {
      source_name: 'default',
      disabled: false,
      format: 'sqlcommenter',
    });
    assert.match(
      await text(),
      /\/\* field_name='asked',operation_name='Whose',parameterized_query_hash='[0-9a-f]{40}' \*\/$/,
    );
  });

  it('introspection can be kept from a role', async () => {
    const types = '{ __schema { queryType { name } } }';
    await server.metadata('set_graphql_schema_introspection_options', { disabled_for_roles: ['guest'] });
    assert.equal(codeOf(await server.graphql(types, as('guest'))), 'access-denied');
    assert.equal(codeOf(await server.graphql('{ note { __typename id } }', as('guest'))), undefined);
    assert.equal(codeOf(await server.graphql(types, as('user'))), undefined);
  });

  it('figures are there for who has their secret', async () => {
    const url = `http://127.0.0.1:${server.service.port}/v1/metrics`;
    const refused = await fetch(url, { headers: { authorization: 'Bearer guessed' } });
    assert.notEqual(refused.status, 200);
    await refused.text();
    const answer = await fetch(url, { headers: { authorization: `Bearer ${metricsSecret}` } });
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.match(
      text,
      /^hasura_graphql_requests_total\{operation_type="query",response_status="success"\} [1-9]/m,
    );
    assert.match(text, /^hasura_graphql_execution_time_seconds_bucket\{.*le="\+Inf"\} [1-9]/m);
  });
});
