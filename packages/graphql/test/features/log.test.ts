import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { type GraphqlInstance, serveDatabase } from '../support/server.ts';

interface HttpLog {
  readonly type: string;
  readonly level: string;
  readonly detail: {
    readonly operation: Readonly<Record<string, unknown>>;
    readonly request_id: string | null;
    readonly http_info: Readonly<Record<string, unknown>>;
  };
}

describe('the log of requests', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
    await database.pool.script('create table notes (id int primary key, text text)');
    const server = await serveDatabase(database.url);
    await server.metadata('pg_track_table', { source: 'default', table: 'notes' });
    await server.stop();
  });
  after(() => database.drop());

  const logged = async (
    env: Readonly<Record<string, string>>,
    ask: (server: GraphqlInstance) => Promise<unknown>,
  ): Promise<HttpLog[]> => {
    let text = '';
    const server = await serveDatabase(database.url, env, {
      out: part => {
        text += part;
      },
    });
    try {
      await ask(server);
      // Written in one piece at the end of a turn.
      await turn();
      return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as HttpLog]));
    } finally {
      await server.stop();
    }
  };

  it('has a line for each in the reference’s form: who, where, how long, and what was refused', async () => {
    const [read, refused, batch, ...more] = await logged({}, async server => {
      const headers = { 'x-request-id': 'r-1', 'x-hasura-role': 'admin', 'x-hasura-user-id': '7' };
      await server.graphql('query Notes { notes { id } }', { operationName: 'Notes', headers });
      await server.graphql('query ($password: String) { notes(where: {text: {_eq: $password}}) { nope } }', {
        variables: { password: 'hunter2' },
      });
      await server.post('/v1/graphql', [{ query: '{ notes { id } }' }, { query: '{ nope }' }]);
    });
    assert.deepEqual(more, []);
    assert.deepEqual([read?.type, read?.level, read?.detail.request_id], ['http-log', 'info', 'r-1']);
    const { query_execution_time: seconds, ...operation } = read!.detail.operation;
    assert.ok(Number(seconds) > 0);
    assert.deepEqual(operation, {
      user_vars: { 'x-hasura-role': 'admin', 'x-hasura-user-id': '7' },
      operation_name: 'Notes',
      request_id: 'r-1',
      request_mode: 'single',
      response_size: 21,
      uncompressed_response_size: 21,
    });
    assert.deepEqual(read!.detail.http_info, {
      status: 200,
      http_version: 'HTTP/1.1',
      url: '/v1/graphql',
      ip: '127.0.0.1',
      method: 'POST',
      content_encoding: null,
    });
    assert.equal(refused?.level, 'error');
    assert.deepEqual(refused?.detail.operation.error, {
      path: '$.selectionSet.notes.selectionSet.nope',
      error: "field 'nope' not found in type: 'notes'",
      code: 'validation-failed',
    });
    assert.doesNotMatch(JSON.stringify(refused), /hunter2/);
    assert.deepEqual([batch?.level, batch?.detail.operation.request_mode], ['error', 'batched']);
  });

  it('is as the settings say: of refusals alone, or none', async () => {
    const ask = async (server: GraphqlInstance): Promise<void> => {
      await server.graphql('{ notes { id } }');
      await server.graphql('{ nope }');
    };
    const errors = await logged({ HASURA_GRAPHQL_LOG_LEVEL: 'error' }, ask);
    assert.deepEqual(
      errors.map(({ level }) => level),
      ['error'],
    );
    assert.deepEqual(await logged({ HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup' }, ask), []);
  });
});
