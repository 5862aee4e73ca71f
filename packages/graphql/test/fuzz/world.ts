/** A database with everything that a schema is made of, in which what a role may not see is written `canary`. */
import { type GraphqlServer, startGraphql } from '../support/server.ts';

const sql = `
  create table kind (value text primary key, comment text);
  insert into kind values ('open', 'canary'), ('shut', null);
  create table person (id int primary key, owner text not null, name text, secret text not null, score numeric, boss int references person);
  create table note (
    id serial primary key, owner text not null, body text, secret text not null default 'canary', big bigint, ratio float8,
    at timestamptz, day date, tags text[], info jsonb, is_done boolean, token uuid, kind text default 'open' references kind,
    person_id int references person, unique (owner, body));
  insert into person values (1, 'ann', 'Ann', 'canary-1', 1.5, null), (2, 'bob', 'canary-2', 'canary-3', 2, 1), (3, 'ann', 'Al', 'canary-4', null, 2);
  insert into note (owner, body, secret, big, ratio, at, day, tags, info, is_done, token, person_id) values
    ('ann', 'One', 'canary-5', 9007199254740993, 0.5, '2024-01-01T00:00:00Z', '2024-01-01', '{a,b}', '{"a": [1, {"b": null}]}', true, '00000000-0000-4000-8000-000000000001', 1),
    ('ann', 'Two', 'canary-6', -1, 'NaN', 'infinity', null, '{}', '[]', false, null, 2),
    ('bob', 'canary-7', 'canary-8', 3, null, null, null, '{canary-9}', '{"canary-10": 1}', null, null, 1),
    ('bob', 'canary-11', 'canary-12', null, null, null, null, null, null, null, null, 2);
  create function note_shout(of note, mark text default '!') returns text language sql stable
    as $$ select upper(of.body) || mark $$;
  create function note_hidden(of note) returns text language sql stable as 'select of.secret';
  create function note_same(of note) returns setof note language sql stable as 'select * from note where owner = of.owner';
  create function search(word text, session json default null) returns setof note language sql stable
    as $$ select * from note where body ilike '%' || word || '%' $$;
  create view summary as select owner, count(*) as notes, max(secret) as secret from note group by owner;`;

/** Of ann's: two notes, and two people of which one has a boss whom she may not see. */
export async function startWorld(): Promise<GraphqlServer> {
  const server = await startGraphql(
    { sql },
    { HASURA_GRAPHQL_DEV_MODE: 'true', HASURA_GRAPHQL_EXPERIMENTAL_FEATURES: 'inherited_roles' },
  );
  const track = async (type: string, args: unknown): Promise<void> =>
    void (await server.metadata(type, args));
  await track('pg_track_table', { table: 'kind' });
  await track('pg_set_table_is_enum', { table: 'kind', is_enum: true });
  for (const table of ['person', 'note', 'summary']) await track('pg_track_table', { table });
  const object = { person: ['boss', 'boss'], note: ['person', 'person_id'] } as const;
  for (const [table, [name, column]] of Object.entries(object))
    await track('pg_create_object_relationship', {
      table,
      name: `its_${name}`,
      using: { foreign_key_constraint_on: column },
    });
  for (const [table, column] of [
    ['person', 'boss'],
    ['note', 'person_id'],
  ] as const)
    await track('pg_create_array_relationship', {
      table: 'person',
      name: `${table}s_of_it`,
      using: { foreign_key_constraint_on: { table, column } },
    });
  for (const name of ['shout', 'hidden', 'same'])
    await track('pg_add_computed_field', {
      table: 'note',
      name,
      definition: { function: `note_${name}` },
    });
  await track('pg_track_function', {
    function: 'search',
    configuration: { session_argument: 'session' },
  });
  const filter = { owner: { _eq: 'X-Hasura-User-Id' } };
  const notes = {
    columns: 'id owner body big ratio at day tags info is_done token kind person_id'.split(' '),
    computed_fields: ['shout'],
    filter,
    allow_aggregations: true,
  };
  const people = { columns: ['id', 'owner', 'name', 'score', 'boss'], filter, allow_aggregations: true };
  const set = { owner: 'X-Hasura-User-Id' };
  const columns = [
    'body',
    'big',
    'ratio',
    'at',
    'day',
    'tags',
    'info',
    'is_done',
    'token',
    'kind',
    'person_id',
  ];
  await track('pg_create_select_permission', { table: 'note', role: 'user', permission: notes });
  await track('pg_create_select_permission', { table: 'person', role: 'user', permission: people });
  await track('pg_create_select_permission', {
    table: 'summary',
    role: 'user',
    permission: { columns: ['owner', 'notes'], filter, limit: 1 },
  });
  await track('pg_create_insert_permission', {
    table: 'note',
    role: 'user',
    permission: { columns, check: filter, set },
  });
  await track('pg_create_update_permission', {
    table: 'note',
    role: 'user',
    permission: { columns, filter, check: filter },
  });
  await track('pg_create_delete_permission', { table: 'note', role: 'user', permission: { filter } });
  // May see any row's number and nobody's text: together with the other, text in rows of her own alone.
  for (const table of ['note', 'person'])
    await track('pg_create_select_permission', {
      table,
      role: 'counter',
      permission: { columns: ['id'], filter: {}, allow_aggregations: true },
    });
  await track('add_inherited_role', { role_name: 'both', role_set: ['user', 'counter'] });
  return server;
}
