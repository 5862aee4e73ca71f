import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  buildClientSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
} from 'graphql/utilities/index.js';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

const tables = Array.from(
  { length: 30 },
  (_, i) => `create table t${i} (id int primary key, name text, before int references t${Math.max(0, i - 1)});
    grant select, insert, update on t${i} to web_anon;`,
).join('\n');

/** Types in types in types. */
const bomb = (levels: number, leaf = 'name'): string =>
  `{__schema{types{inputFields${'{type{inputFields'.repeat(levels)}{${leaf}}${'}}'.repeat(levels)}}}}`;

describe('introspection', () => {
  let server: GraphqlServer;
  before(async () => {
    server = await startGraphql(
      { bootstrap: true, login: 'db_authenticator', sql: tables },
      { PEAKSTONE_GRAPHQL_AUTHORIZATION: 'rls' },
    );
  });
  after(() => server.stop());
  const ask = (query: string) => server.graphql(query, { role: 'web_anon' });

  it('gives tools the whole schema, and the same again', async () => {
    const answer = (await ask(getIntrospectionQuery())) as { data: IntrospectionQuery };
    const schema = buildClientSchema(answer.data);
    assert.ok(schema.getType('t29_bool_exp'));
    assert.deepEqual(await ask(getIntrospectionQuery()), answer);
    const newer = getIntrospectionQuery({
      inputValueDeprecation: false,
      specifiedByUrl: true,
      schemaDescription: true,
    });
    buildClientSchema(((await ask(newer)) as { data: IntrospectionQuery }).data);
  });

  it('answers aliases, types by name, and members at any depth', async () => {
    assert.deepEqual(
      await ask(
        '{ a: __type(name: "t1") { is: name kind f: fields { name type { name kind ofType { name __typename } } } } none: __type(name: "nothing") { name } }',
      ),
      {
        data: {
          a: {
            is: 't1',
            kind: 'OBJECT',
            f: [
              { name: 'before', type: { name: 'Int', kind: 'SCALAR', ofType: null } },
              {
                name: 'id',
                type: { name: null, kind: 'NON_NULL', ofType: { name: 'Int', __typename: '__Type' } },
              },
              { name: 'name', type: { name: 'String', kind: 'SCALAR', ofType: null } },
              ...(
                (await ask(
                  '{ __type(name: "t1") { fields { name type { name kind ofType { name __typename } } } } }',
                )) as {
                  data: { __type: { fields: unknown[] } };
                }
              ).data.__type.fields.slice(3),
            ],
          },
          none: null,
        },
      },
    );
  });

  const refusal =
    '{"errors":[{"message":"the introspection asks for too much: nest it less deeply","extensions":{"path":"$.selectionSet.__schema","code":"validation-failed"}}]}';

  /** The beginning of an answer: one that is not refused is long. */
  const refused = async (query: string): Promise<string> => JSON.stringify(await ask(query)).slice(0, 500);

  it('refuses what multiplies, however it is written', async () => {
    for (const levels of [9, 20]) assert.equal(await refused(bomb(levels)), refusal);
    const many = Array.from({ length: 400 }, (_, i) => `a${i}: __schema { types { name fields { name } } }`);
    assert.equal(await refused(`{ ${many.join(' ')} }`), refusal);
  });

  it('lets others have their answers meanwhile', async () => {
    let isRefused = false;
    const bombed = refused(bomb(9, 'description')).then(answer => {
      isRefused = true;
      return answer;
    });
    for (let i = 0; i < 3; i++)
      assert.deepEqual(await ask('{ __typename }'), { data: { __typename: 'query_root' } });
    assert.equal(isRefused, false);
    assert.equal(await bombed, refusal);
  });
});
