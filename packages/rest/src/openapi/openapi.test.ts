import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Catalog, key, type Routine, type Table } from '@peakstone/kernel/catalog';
import { runWhole } from '@peakstone/kernel/pace';
import type { Result } from '@peakstone/kernel/pg';
import { makeColumn } from '../../test/support/catalog.ts';
import { defaultConfig } from '../config/types.ts';
import { requestedVersion, withoutVersion } from '../parse/openApiVersion.ts';
import { renderOpenApi } from './document.ts';
import { readVisible } from './visible.ts';

const columns = [
  makeColumn('id', 'bigint', { nullable: false, identity: true }),
  makeColumn('title', 'character varying', { nullable: false, maxLength: 50, comment: 'As printed' }),
  makeColumn('genre', 'text', { enumValues: ['a', 'b'], default: "'a'::text" }),
  makeColumn('director_id', 'integer'),
  makeColumn('tags', 'text[]'),
  makeColumn('data', 'jsonb'),
  makeColumn('notes', 'jsonb[]'),
  makeColumn('search', 'text', { generated: true }),
  makeColumn('moods', 'api.mood[]'),
  makeColumn('made', 'date', { default: 'now()' }),
  makeColumn('wêird; name', 'text'),
  makeColumn('rank', 'integer', { default: "nextval('r')" }),
  makeColumn('score', 'integer', { default: '7' }),
  makeColumn('label', 'text', { default: "'it''s'::text" }),
  makeColumn('joined', 'text', { default: "'a'::text || 'b'::text" }),
  makeColumn('hidden', 'boolean', { default: 'false' }),
  makeColumn('price', 'numeric', { default: "'-1.5'::numeric" }),
  makeColumn('extra', 'jsonb', { default: '\'{"a": 1}\'::jsonb' }),
  makeColumn('labels', 'text[]', { default: "'{}'::text[]" }),
];

const films: Table = {
  schema: 'api',
  name: 'films',
  kind: 'table',
  isPartition: false,
  comment: 'All films\n\nSince 1895',
  insertable: true,
  updatable: true,
  deletable: true,
  primaryKey: ['id'],
  columns: new Map(columns.map(item => [item.name, item])),
};

const routine: Routine = {
  schema: 'api',
  name: 'best',
  oid: 1,
  comment: 'The best',
  parameters: [
    { name: 'year', type: 'integer', required: true, variadic: false },
    { name: 'tags', type: 'text[]', required: false, variadic: true },
  ],
  returns: { setof: true, kind: 'composite', type: { schema: 'api', name: 'films' }, typeText: 'api.films' },
  volatility: 'stable',
  variadic: true,
  settings: [],
  language: 'sql',
};

const catalog: Catalog = {
  tables: new Map([[key('api', 'films'), films]]),
  relationships: new Map([
    [
      key('api', 'films'),
      [
        {
          kind: 'many-to-one',
          constraint: 'films_director_id_fkey',
          columns: [['director_id', 'id']],
          source: films,
          target: { schema: 'api', name: 'directors' },
          sourceIsView: false,
          targetIsView: false,
          isSelf: false,
        },
      ],
    ],
  ]),
  routines: new Map([[key('api', 'best'), [routine]]]),
  representations: new Map(),
  enums: new Map([[key('api', 'mood'), ['sad', 'ok']]]),
  mediaHandlers: [],
  schemas: new Map(),
  serverVersion: 170_000,
  loadedInMs: 0,
};

/** What the database says of the schema where privileges are ignored: its comment. */
const commented = [{ rows: [[Buffer.from('Films\n\nThe API')]] } as unknown as Result];

// biome-ignore lint/suspicious/noExplicitAny: a document is walked by its paths
const render = (version: '2.0' | '3.1', more = {}): any =>
  JSON.parse(
    Buffer.concat(
      runWhole(
        renderOpenApi(
          commented,
          'api',
          catalog,
          { ...defaultConfig, openapiMode: 'ignore-privileges', ...more },
          version,
        ),
      ),
    ).toString(),
  );

describe('the OpenAPI 2.0 document', () => {
  const document = render('2.0');

  it('is titled by the schema’s comment', () => {
    assert.equal(document.info.title, 'Films');
    assert.equal(document.info.description, 'The API');
  });

  it('describes columns by type, format, key, default and length', () => {
    const { properties, required } = document.definitions.films;
    assert.deepEqual(required, ['id', 'title']);
    assert.deepEqual(properties.id, {
      description: 'Note:\nThis is a Primary Key.<pk/>',
      type: 'integer',
      format: 'int64',
    });
    assert.deepEqual(properties.title, {
      description: 'As printed',
      type: 'string',
      format: 'character varying',
      maxLength: 50,
    });
    assert.deepEqual(properties.genre, { type: 'string', format: 'text', enum: ['a', 'b'], default: 'a' });
    assert.match(properties.director_id.description, /<fk table='directors' column='id'\/>/);
    assert.deepEqual(properties.tags, { type: 'array', format: 'text[]', items: { type: 'string' } });
    assert.deepEqual(properties.data, { format: 'jsonb' });
    assert.deepEqual(properties.notes, { type: 'array', format: 'jsonb[]', items: {} });
    assert.equal(properties.made.default, 'now()');
    assert.equal(properties.rank.default, undefined);
  });

  it('offers GET for functions that do not write', () => {
    const { get, post } = document.paths['/rpc/best'];
    assert.deepEqual(get.parameters[1], {
      name: 'tags',
      in: 'query',
      required: false,
      type: 'array',
      collectionFormat: 'multi',
      items: { type: 'string', format: 'text' },
    });
    assert.deepEqual(post.parameters[0].schema.required, ['year']);
  });

  it('has a parameter for every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/(parameters|definitions)\/([^"]+)"/g)];
    assert.ok(references.length > 20);
    for (const [, group, name] of references) assert.ok(document[group!][name!], `${group}/${name}`);
  });

  it('is served under the proxy’s address', () => {
    const proxied = render('2.0', { openapiServerProxyUri: 'https://api.example.com/v1' });
    assert.deepEqual(
      [proxied.schemes, proxied.host, proxied.basePath],
      [['https'], 'api.example.com:443', '/v1'],
    );
    assert.equal(document.host, '0.0.0.0:3000');
  });
});

describe('the OpenAPI 3.1 document', () => {
  const document = render('3.1', { openapiSecurityActive: true });

  it('is for those who ask', () => {
    assert.equal(requestedVersion('application/json', ''), '2.0');
    assert.equal(requestedVersion('application/openapi+json; version=3.1', ''), '3.1');
    assert.equal(requestedVersion(undefined, 'a=1&openapi=3.1'), '3.1');
    assert.equal(document.openapi, '3.1.0');
    assert.equal(withoutVersion('openapi=3.1&a=1'), 'a=1');
    assert.equal(withoutVersion('a=1&openapi=3.1'), 'a=1');
    assert.equal(withoutVersion('openapi=eq.3'), 'openapi=eq.3');
  });

  it('tells what may be null, and what a client may write', () => {
    const { films: row, 'films.write': write } = document.components.schemas;
    assert.deepEqual(row.properties.director_id.type, ['integer', 'null']);
    assert.equal(row.properties.id.type, 'integer');
    assert.deepEqual(row.properties.moods.items.enum, ['sad', 'ok']);
    assert.equal(write.properties.search, undefined);
    const [one] = document.paths['/films'].post.requestBody.content['application/json'].schema.oneOf;
    assert.deepEqual(one.allOf[1], { required: ['title'] });
  });

  it('gives defaults that are constants, and none that are SQL', () => {
    const { properties } = document.components.schemas.films;
    const defaults = Object.entries<{ default?: unknown }>(properties).flatMap(([name, schema]) =>
      'default' in schema ? [[name, schema.default]] : [],
    );
    assert.deepEqual(Object.fromEntries(defaults), {
      genre: 'a',
      score: 7,
      label: "it's",
      hidden: false,
      price: -1.5,
      extra: { a: 1 },
    });
  });

  it('resolves every reference', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)];
    assert.ok(references.length > 20);
    for (const [, group, name] of references) {
      assert.ok(document.components[group!][name!], `${group}/${name}`);
    }
    for (const group of Object.values(document.components) as object[]) {
      for (const name of Object.keys(group)) assert.match(name, /^[a-zA-Z0-9._-]+$/);
    }
  });

  it('asks for a bearer token when security is active', () => {
    assert.equal(document.components.securitySchemes.JWT.scheme, 'bearer');
    assert.equal(render('3.1').components.securitySchemes, undefined);
  });
});

describe('what the document names when privileges are ignored', () => {
  it('is every relation and function of the schema, but no partition', () => {
    const partition: Table = { ...films, name: 'films_1895', isPartition: true };
    const tables = new Map([...catalog.tables, [key('api', partition.name), partition]]);
    const visible = runWhole(readVisible([], 'api', 'ignore-privileges', { ...catalog, tables }));
    assert.deepEqual(
      visible.tables.map(table => table.name),
      ['films'],
    );
    assert.deepEqual(
      visible.routines.map(each => each.routine.name),
      ['best'],
    );
  });
});
