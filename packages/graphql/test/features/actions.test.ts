import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlServer, startGraphql } from '../support/server.ts';
import { subscribe, transportClient } from '../support/sockets.ts';
import { startWebhook, type Webhook } from '../support/webhook.ts';

describe('actions', () => {
  let server: GraphqlServer;
  let webhook: Webhook;
  before(async () => {
    webhook = await startWebhook();
    server = await startGraphql(
      {
        sql: `create table person (id bigint primary key, name text);
          create table note (id int primary key, person_id bigint);
          insert into person values (9007199254740993, 'Ann'), (2, 'Bob'); insert into note values (1, 2), (2, 2)`,
      },
      {
        HOOK: webhook.url,
        HASURA_GRAPHQL_ADMIN_SECRET: 'secret',
        HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'user',
        HASURA_GRAPHQL_LIVE_QUERIES_MULTIPLEXED_REFETCH_INTERVAL: '20',
      },
      { listens: true },
    );
    const admin = { 'x-hasura-admin-secret': 'secret' };
    const command = async (type: string, args: unknown): Promise<void> => {
      const { status, text } = await server.post('/v1/metadata', { type, args }, admin);
      assert.equal(status, 200, text);
    };
    await command('pg_track_table', { table: 'person' });
    await command('pg_track_table', { table: 'note' });
    await command('pg_create_select_permission', {
      table: 'person',
      role: 'user',
      permission: { columns: ['name'], filter: { name: { _neq: 'Bob' } } },
    });
    await command('set_custom_types', {
      input_objects: [
        {
          name: 'Given',
          fields: [
            { name: 'text', type: 'String!' },
            { name: 'tags', type: '[Tag!]' },
          ],
        },
      ],
      enums: [{ name: 'Tag', values: [{ value: 'NEW' }, { value: 'OLD' }] }],
      objects: [
        {
          name: 'Found',
          fields: [
            { name: 'person_id', type: 'bigint!' },
            { name: 'note', type: 'String' },
          ],
          relationships: [
            { name: 'person', type: 'object', remote_table: 'person', field_mapping: { person_id: 'id' } },
            { name: 'notes', type: 'array', remote_table: 'note', field_mapping: { person_id: 'person_id' } },
          ],
        },
      ],
    });
    const find = {
      handler: '{{HOOK}}/find',
      output_type: '[Found!]',
      arguments: [{ name: 'given', type: 'Given!' }],
    };
    await command('create_action', {
      name: 'find',
      definition: { ...find, type: 'query', forward_client_headers: true },
    });
    await command('create_action', {
      name: 'later',
      definition: { ...find, output_type: 'Found', kind: 'asynchronous' },
    });
    for (const action of ['find', 'later'])
      await command('create_action_permission', { action, role: 'user' });
  });
  after(async () => {
    await webhook.stop();
    await server.stop();
  });

  const userOf = (id: string) => ({
    'x-hasura-admin-secret': 'secret',
    'x-hasura-role': 'user',
    'x-hasura-user-id': id,
  });
  const asAdmin = { headers: { 'x-hasura-admin-secret': 'secret' } };
  const found = [{ person_id: 2, note: 'b' }, { person_id: 2 }, { person_id: 3, note: null }];

  it('ask a webhook, and join rows of tables to what it gives', async () => {
    webhook.answer(() => ({ body: found }));
    const answer = await server.graphql(
      'query ($tag: Tag!) { find(given: {text: "x", tags: [$tag]}) { n: note person { name } notes(order_by: {id: desc}) { id } notes_aggregate { aggregate { count } } } }',
      { ...asAdmin, variables: { tag: 'NEW' } },
    );
    const notes = [{ id: 2 }, { id: 1 }];
    const bob = { person: { name: 'Bob' }, notes, notes_aggregate: { aggregate: { count: 2 } } };
    assert.deepEqual(answer, {
      data: {
        find: [
          { n: 'b', ...bob },
          { n: null, ...bob },
          { n: null, person: null, notes: [], notes_aggregate: { aggregate: { count: 0 } } },
        ],
      },
    });
    const { body } = await webhook.next();
    assert.deepEqual(body.input, { given: { text: 'x', tags: ['NEW'] } });
    assert.deepEqual(body.action, { name: 'find' });
  });

  it('show no row that the role may not see, and hand on no admin secret', async () => {
    webhook.answer(() => ({ body: found }));
    const query = 'query { find(given: {text: "x"}) { person { name } } }';
    assert.deepEqual(await server.graphql(query, { headers: { 'x-mine': 'yes' } }), {
      data: { find: [{ person: null }, { person: null }, { person: null }] },
    });
    await webhook.next();
    await server.graphql(query, asAdmin);
    const { headers } = await webhook.next();
    assert.equal(headers['x-hasura-admin-secret'], undefined);
    assert.equal(webhook.received.at(-2)!.headers['x-mine'], 'yes');
    assert.match(
      JSON.stringify(await server.graphql('query { find(given: {text: "x"}) { notes { id } } }')),
      /field 'notes' not found/,
    );
  });

  it('tell what the webhook refuses, in its own words', async () => {
    webhook.answer(() => ({ status: 400, body: { message: 'No', code: 'mine' } }));
    const query = 'query { find(given: {text: "x"}) { note } }';
    assert.deepEqual(await server.graphql(query), {
      errors: [{ message: 'No', extensions: { path: '$', code: 'mine' } }],
    });
    webhook.answer(() => ({ body: { person_id: 2 } }));
    assert.deepEqual(await server.graphql(query), {
      errors: [
        {
          message: 'expecting array for the action webhook response',
          extensions: { path: '$', code: 'unexpected' },
        },
      ],
    });
    await webhook.next();
    await webhook.next();
  });

  it('are answered later when they are asynchronous, also to who subscribes, and to nobody else', async () => {
    const gate = Promise.withResolvers<object>();
    webhook.answer(async () => ({ body: await gate.promise }));
    const made = (await server.graphql('mutation { later(given: {text: "x"}) }', {
      headers: userOf('1'),
    })) as { readonly data: { readonly later: string } };
    const id = made.data.later;
    const query = 'query ($id: uuid!) { later(id: $id) { id errors output { note person { name } } } }';
    assert.deepEqual(await server.graphql(query, { variables: { id }, headers: userOf('2') }), {
      data: { later: null },
    });
    const client = transportClient(server.service.port, userOf('1'));
    const live = subscribe(client, query.replace('query', 'subscription'), { id });
    assert.deepEqual(await live.next(), { data: { later: { id, errors: null, output: null } } });
    gate.resolve({ person_id: 2, note: 'late' });
    assert.deepEqual(await live.next(), {
      data: { later: { id, errors: null, output: { note: 'late', person: null } } },
    });
    await live.end();
    await client.dispose();
  });

  it('keep the server from nobody when their webhook hangs or writes without end', async () => {
    webhook.answer(() => new Promise(() => {}));
    const hanging = server.graphql('query { find(given: {text: "x"}) { note } }');
    const answers = await Promise.race([hanging, sleep(200, 'hangs')]);
    assert.equal(answers, 'hangs');
    assert.deepEqual(await server.graphql('query { person { name } }'), {
      data: { person: [{ name: 'Ann' }] },
    });
  });
});
