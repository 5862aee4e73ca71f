import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { loadSourceCatalog } from '../../src/catalog/load.ts';
import { parseConfig } from '../../src/config/settings.ts';
import { fillParams } from '../../src/engine/fill.ts';
import { planOperation } from '../../src/engine/planOperation.ts';
import { createSnapshot, type Snapshot } from '../../src/engine/snapshot.ts';
import { buildModel } from '../../src/model/build.ts';
import { createRoleView } from '../../src/model/permissions.ts';

describe('what is large', () => {
  let database: TestDatabase;
  let snapshot: Snapshot;
  const config = parseConfig({ HASURA_GRAPHQL_DATABASE_URL: 'postgres://localhost/none' });
  before(async () => {
    database = await testDatabase();
    await database.pool.script(`
      create table note (id int primary key, title text, n int);
      create table reply (id int primary key, note_id int not null references note, body text);`);
    const model = buildModel(
      {
        version: 3,
        sources: [
          {
            name: 'default',
            kind: 'postgres',
            tables: [
              {
                table: 'note',
                array_relationships: [
                  {
                    name: 'replies',
                    using: { foreign_key_constraint_on: { table: 'reply', column: 'note_id' } },
                  },
                ],
              },
              { table: 'reply' },
            ],
            configuration: {
              connection_info: { database_url: { from_env: 'HASURA_GRAPHQL_DATABASE_URL' } },
            },
          },
        ],
      },
      new Map([['default', await loadSourceCatalog(database.pool, [], { runsPolicies: true })]]),
      { defaultNamingConvention: 'hasura-default', tracksAll: false, schemas: null },
    );
    snapshot = createSnapshot(model, 1, config, (of, role) => createRoleView(of, role, config));
  });
  after(() => database.drop());

  /** How often others get their turn until an operation is planned, and until its statements are filled. */
  const turnsOf = async (query: string, variables: Record<string, unknown> = {}) => {
    const of = await snapshot.role('admin', false, 'standard');
    const planning = turns(planOperation({ query, operationName: null, variables }, of, snapshot, config));
    let filling = 0;
    for (const { statements } of planning.result.plan.groups)
      for (const { params } of statements)
        filling += turns(
          fillParams(params, variables, {
            role: 'admin',
            variables: new Map(),
            isAdmin: true,
            isBackend: false,
            claimsJson: null,
            expiresAtMs: null,
          }),
        ).count;
    return { planning: planning.count, filling };
  };
  const rows = <T>(make: (i: number) => T) => Array.from({ length: 5000 }, (_, i) => make(i));
  const most = { planning: 5000 / 64, filling: 5000 / 256 - 1 };

  const operations: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
    'rows of an insert': [
      'mutation ($objects: [note_insert_input!]!) { insert_note(objects: $objects) { affected_rows } }',
      { objects: rows(i => (i % 2 ? { id: i, title: 'x' } : { id: i, n: i })) },
    ],
    'rows beside one': [
      'mutation ($data: [reply_insert_input!]!) { insert_note_one(object: {id: 1, replies: {data: $data}}) { id } }',
      { data: rows(i => ({ id: i, body: 'x' })) },
    ],
    'values of a list': [
      'query ($ids: [Int!]!) { note(where: {id: {_in: $ids}}) { id } }',
      { ids: rows(i => i) },
    ],
  };
  for (const [title, [query, variables]] of Object.entries(operations))
    it(`is planned and filled in slices: ${title}`, async () => {
      const { planning, filling } = await turnsOf(query, variables);
      assert.ok(planning >= most.planning, `${planning} turns while it is planned`);
      assert.ok(filling >= most.filling, `${filling} turns while it is filled`);
    });

  it('is planned in slices: updates', async () => {
    const { planning } = await turnsOf(
      'mutation ($updates: [note_updates!]!) { update_note_many(updates: $updates) { affected_rows } }',
      { updates: rows(i => ({ where: { id: { _eq: i } }, _set: { n: i } })) },
    );
    assert.ok(planning >= 5000, `${planning} turns`);
  });

  it('is planned in slices: fields', async () => {
    const fields = rows(i => `a${i}: title`).join(' ');
    const { planning } = await turnsOf(`{ note { ${fields} } }`);
    assert.ok(planning >= 5000 / 32, `${planning} turns`);
  });
});

function turns<T>(work: Generator<void, T>): { readonly count: number; readonly result: T } {
  for (let count = 0; ; count++) {
    const step = work.next();
    if (step.done) return { count, result: step.value };
  }
}
