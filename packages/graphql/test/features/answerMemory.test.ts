import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readsServerMemory, watchServerMemory } from '@peakstone/testing';
import { adminSecret, type GraphqlServer, startGraphql } from '../support/server.ts';

const MiB = 1024 * 1024;
/** Half of what the stack allows, so that a test does not take a machine's memory where it fails. */
const maxBytes = 64 * MiB;
/** Two large answers at a time take up to five times their bytes, and the other sessions what small ones do. */
const mostBytes = 2 * 5 * maxBytes + 8 * 32 * MiB;

const visitor = { 'x-hasura-admin-secret': adminSecret, 'x-hasura-role': 'web_anon' };

let server: GraphqlServer;
before(async () => {
  server = await startGraphql(
    {
      bootstrap: true,
      login: 'db_authenticator',
      sql: `
        create table parent (id int primary key); insert into parent values (1), (2);
        create table child (id int primary key, parent_id int references parent, text text);
        insert into child select g, 1, repeat('x', 1000) from generate_series(1, 310000) g;
        create index on child (parent_id);
        create function children() returns setof child language sql stable as 'select * from child';
        grant select on parent to web_anon; grant select, insert, update on child to web_anon;`,
    },
    {
      PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls',
      PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES: String(maxBytes),
      HASURA_GRAPHQL_PG_CONNECTIONS: '12',
      // Each waits for its turn, however slow the machine is.
      HASURA_GRAPHQL_PG_POOL_TIMEOUT: '300',
    },
  );
});
after(() => server?.stop());

/** Asks five times at once while a neighbour asks for a row again and again; gives the answers and what PostgreSQL took. */
async function fiveOf(query: string) {
  const answers: string[] = [];
  const memory = await watchServerMemory(server.database, async () => {
    let isOver = false;
    let neighbours = 0;
    const neighbour = (async () => {
      while (!isOver || neighbours < 3) {
        const answer = await server.post(
          '/v1/graphql',
          { query: '{ parent(where: {id: {_eq: 2}}) { id } }' },
          visitor,
        );
        assert.deepEqual(answer.body, { data: { parent: [{ id: 2 }] } });
        neighbours++;
      }
    })();
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { text } = await server.postText('/v1/graphql', JSON.stringify({ query }), visitor);
        answers.push(text.length > 2000 ? `${text.length} characters` : text);
      }),
    ).finally(() => {
      isOver = true;
    });
    await neighbour;
  });
  return { answers, memory };
}

const kinds: readonly (readonly [string, string])[] = [
  ['rows of a table', '{ child { id text } }'],
  ['several lists', '{ a: child { id text } b: child { id text } parent { id } }'],
  ['related rows of one row', '{ parent { id child { id text } } }'],
  ['nodes beside their count', '{ child_aggregate { aggregate { count } nodes { id text } } }'],
  ['rows that a function returns', '{ children { id text } }'],
  [
    'rows that were updated',
    'mutation { update_child(where: {}, _set: {parent_id: 2}) { returning { id text } } }',
  ],
  [
    'rows that were updated, with what is beside them',
    'mutation { update_child(where: {}, _set: {parent_id: 2}) { returning { id text parent { id } } } }',
  ],
];

describe('five visitors who ask for 310 MB at once', { skip: !readsServerMemory }, () => {
  for (const [what, query] of kinds) {
    it(`are refused before PostgreSQL has made much of it: ${what}`, async () => {
      const { answers, memory } = await fiveOf(query);
      for (const answer of answers)
        assert.match(
          answer,
          /"the answer has more than 67108864 bytes; at most 67108864 are given: .*PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES/,
        );
      assert.ok(memory.looks > 5);
      assert.ok(memory.peakBytes < mostBytes, `${memory.peakBytes / MiB} MiB`);
    });
  }
});

describe('five visitors whose answers are as large as may be', { skip: !readsServerMemory }, () => {
  it('get them, two at a time', async () => {
    const { answers, memory } = await fiveOf('{ child(limit: 60000) { id text } }');
    for (const answer of answers) assert.match(answer, /^6\d{7} characters$/);
    assert.ok(memory.peakBytes < mostBytes, `${memory.peakBytes / MiB} MiB`);
  });
});
