/** Roles by every way to read and write: what one may not see is written `canary` in rows, columns and functions. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { GraphqlServer } from '../support/server.ts';
import { type Introspected, introspect, namedType } from './introspected.ts';
import { startWorld } from './world.ts';

/** Every field below a type, as deep as said; fields that need arguments are left to those who give them. */
function everything({ types }: Introspected, typeName: string, depth: number): string {
  const fields = types.get(typeName)?.fields ?? [];
  const parts = fields.flatMap(field => {
    if (field.args.some(({ type }) => type.kind === 'NON_NULL')) return [];
    const below = types.get(namedType(field.type));
    if (!below?.fields) return [field.name];
    // PostgreSQL has no max(uuid).
    if (depth === 0 || /_(min|max)_fields$/.test(below.name)) return [];
    return [`${field.name} ${everything({ types } as Introspected, below.name, depth - 1)}`];
  });
  return `{ __typename ${parts.join(' ')} }`;
}

describe('what a role may not see', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startWorld();
  });
  after(() => server.stop());

  const ask = async (role: string, query: string, id = 'ann') => {
    const { text, body } = await server.post(
      '/v1/graphql',
      { query },
      { 'x-hasura-role': role, 'x-hasura-user-id': id },
    );
    return { text, body: body as { data?: Record<string, unknown>; errors?: unknown[] } };
  };

  const unseen: Readonly<Record<string, readonly string[]>> = {
    user: ['secret', 'hidden'],
    counter: ['secret', 'hidden', 'owner', 'body', 'shout', 'tags'],
    both: ['secret', 'hidden'],
  };

  for (const [role, names] of Object.entries(unseen)) {
    it(`${role}: is no name of the schema`, async () => {
      const { text } = await introspect(server, role);
      for (const name of names) assert.doesNotMatch(text, new RegExp(`"${name}"`));
    });

    it(`${role}: is read by no field from no root, however deep`, async () => {
      const schema = await introspect(server, role);
      const root = schema.types.get(schema.roots.query!)!;
      let asked = 0;
      for (const { name, type, args } of root.fields!) {
        const given = name.endsWith('_by_pk')
          ? ['(id: 1)', '(id: 2)', '(id: 3)', '(id: 4)']
          : [args.some(arg => arg.name === 'args') ? '(args: {word: ""})' : ''];
        for (const arg of given) {
          const { text, body } = await ask(
            role,
            `{ ${name}${arg} ${everything(schema, namedType(type), name.endsWith('_by_pk') ? 2 : 3)} }`,
          );
          assert.equal(body.errors, undefined, text.slice(0, 500));
          assert.ok(!text.includes('canary'), `${name}${arg}: ${text.slice(0, 500)}`);
          asked++;
        }
      }
      assert.ok(asked >= 6);
    });
  }

  it('is there for the administrator, by the same fields', async () => {
    const schema = await introspect(server, 'admin');
    const { text } = await ask('admin', `{ note ${everything(schema, 'note', 2)} person { name secret } }`);
    for (let i = 1; i <= 12; i++) assert.ok(text.includes(`canary-${i}"`), `canary-${i}`);
  });

  const guesses: readonly (readonly [string, string, string, unknown])[] = [
    ['a condition', 'both', '{ note(where: {body: {_like: "canary%"}}) { id } }', { note: [] }],
    [
      'a condition on what it is not',
      'both',
      '{ note(where: {_not: {body: {_is_null: true}}}, order_by: {id: asc}) { id } }',
      { note: [{ id: 1 }, { id: 2 }] },
    ],
    [
      'a condition through a relationship',
      'both',
      '{ note(where: {its_person: {name: {_like: "canary%"}}}) { id } }',
      { note: [] },
    ],
    [
      'an aggregate',
      'both',
      '{ note_aggregate { aggregate { count(columns: body) max { body } } } }',
      { note_aggregate: { aggregate: { count: 2, max: { body: 'Two' } } } },
    ],
    [
      'an aggregate in a condition',
      'both',
      '{ person(where: {notes_of_it_aggregate: {count: {arguments: body, predicate: {_gt: 1}}}}) { id } }',
      { person: [] },
    ],
    [
      'distinct rows',
      'both',
      '{ note(distinct_on: body, order_by: {body: asc_nulls_last}) { body } }',
      { note: [{ body: 'One' }, { body: 'Two' }, { body: null }] },
    ],
    [
      'the order of rows',
      'both',
      '{ note(order_by: [{body: desc_nulls_last}, {id: asc}]) { id } }',
      { note: [{ id: 2 }, { id: 1 }, { id: 3 }, { id: 4 }] },
    ],
    ['a function', 'user', '{ search(args: {word: "canary"}) { id } }', { search: [] }],
    [
      'an update of what is another’s',
      'user',
      'mutation { update_note(where: {id: {_eq: 3}}, _set: {body: "mine"}) { affected_rows } }',
      { update_note: { affected_rows: 0 } },
    ],
    [
      'a delete of what is another’s',
      'user',
      'mutation { delete_note(where: {body: {_like: "canary%"}}) { affected_rows } }',
      { delete_note: { affected_rows: 0 } },
    ],
    [
      'an insert over what is another’s',
      'user',
      `mutation { insert_note(objects: {body: "canary-7"}, on_conflict: {constraint: note_owner_body_key, update_columns: body}) {
        returning { owner } } }`,
      { insert_note: { returning: [{ owner: 'ann' }] } },
    ],
  ];
  for (const [way, role, query, expected] of guesses)
    it(`is not guessed by ${way}`, async () => {
      assert.deepEqual((await ask(role, query)).body.data, expected);
    });
});
