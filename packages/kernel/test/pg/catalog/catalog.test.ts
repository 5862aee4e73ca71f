import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Catalog, castKey, key, loadCatalog, type Relationship } from '@peakstone/kernel/catalog';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { FIXTURE } from './fixture.ts';

let database: TestDatabase;
let pool: Pool;
let catalog: Catalog;

before(async () => {
  database = await testDatabase({ sql: FIXTURE });
  pool = createPool({ url: database.superuserUrl, size: 1 });
  catalog = await loadCatalog(pool);
});

after(async () => {
  await pool?.close();
  await database?.drop();
});

const table = (name: string) => catalog.tables.get(key('shop', name))!;
const column = (relation: string, name: string) => table(relation).columns.get(name)!;

/** The relationships from one relation to another in one line each. */
function describeRelationships(source: string, target?: string, from: Catalog = catalog): string[] {
  return (from.relationships.get(key('shop', source)) ?? [])
    .filter(relationship => target === undefined || relationship.target.name === target)
    .map(describeRelationship);
}

function describeRelationship(relationship: Relationship): string {
  const to = `${relationship.kind} ${relationship.target.name}`;
  const pairs = (columns: readonly (readonly [string, string])[]) =>
    columns.map(pair => pair.join('=')).join(',');
  switch (relationship.kind) {
    case 'computed':
      return `${to} by ${relationship.routine.name}${relationship.toOne ? ' to one' : ''}`;
    case 'many-to-many':
      return `${to} by ${relationship.junction.name} ${pairs(relationship.sourceKey.columns)} ${pairs(relationship.targetKey.columns)}`;
    default:
      return `${to} ${pairs(relationship.columns)}`;
  }
}

describe('tables in the catalog', () => {
  it('come with kind, comment, key and what may be done to them', () => {
    const { columns, ...makers } = table('makers');
    assert.deepEqual(makers, {
      schema: 'shop',
      name: 'makers',
      kind: 'table',
      isPartition: false,
      comment: 'Who makes things',
      insertable: true,
      updatable: true,
      deletable: true,
      primaryKey: ['id'],
      uniqueKeys: new Map([['makers_pkey', { columns: ['id'], isPrimary: true }]]),
      foreignKeys: [
        {
          constraint: 'makers_parent_id_fkey',
          columns: [['parent_id', 'id']],
          target: { schema: 'shop', name: 'makers' },
        },
      ],
    });
    assert.deepEqual([...columns.keys()], ['id', 'name', 'code', 'address', 'parent_id']);
    assert.equal(table('sales').kind, 'partitioned');
    assert.equal(table('sales_2024').isPartition, true);
    assert.deepEqual(table('sales').primaryKey, ['id', 'at']);
  });

  it('say of views whether they accept writes, triggers instead of them counted', () => {
    const rights = (name: string) => {
      const { insertable, updatable, deletable } = table(name);
      return [insertable, updatable, deletable];
    };
    assert.deepEqual(rights('item_list'), [true, true, true]);
    assert.deepEqual(rights('joined'), [false, false, false]);
    assert.deepEqual(rights('writable'), [true, false, false]);
    assert.deepEqual(rights('label_cache'), [false, false, false]);
  });

  it('keep columns in order, without dropped ones', () => {
    assert.deepEqual(
      [...table('items').columns.keys()],
      ['id', 'maker_id', 'size', 'sku', 'tags', 'price', 'tax', 'bits'],
    );
  });

  it('give each column its base type, its declared type and what its type brings along', () => {
    const types = (relation: string, name: string) => {
      const { type, nominalType, maxLength } = column(relation, name);
      return [type, nominalType, maxLength];
    };
    assert.deepEqual(types('makers', 'code'), ['character', 'character(3)', 3]);
    assert.deepEqual(types('items', 'sku'), ['character varying', 'shop.sku', null]);
    assert.deepEqual(types('items', 'price'), ['numeric', 'numeric(10,2)', null]);
    assert.deepEqual(types('items', 'bits'), ['bit', 'bit(5)', 5]);
    assert.deepEqual(types('items', 'size'), ['shop.size', 'shop.size', null]);
    assert.deepEqual(column('items', 'size').enumValues, ['small', 'large', 'huge']);
    assert.equal(column('makers', 'address').isComposite, true);
    assert.equal(column('items', 'tags').isArray, true);
    assert.equal(column('items', 'sku').nullable, false);
    assert.equal(column('items', 'price').nullable, true);
    assert.equal(column('makers', 'name').comment, 'As printed on the box');
  });

  it('tell what an insert stores by default, and nothing where none may be given', () => {
    assert.equal(column('items', 'size').default, "'small'::shop.size");
    assert.equal(column('items', 'id').default, "nextval('shop.items_id_seq')");
    assert.equal(column('items', 'id').identity, true);
    assert.equal(column('makers', 'id').default, null);
    assert.equal(column('makers', 'id').identity, true);
    assert.equal(column('items', 'tax').default, null);
    assert.equal(column('items', 'tax').generated, true);
  });

  it('pass the primary keys of base tables on to views', () => {
    assert.deepEqual(table('item_list').primaryKey, ['id']);
    assert.deepEqual(table('item_list_again').primaryKey, ['item']);
    assert.deepEqual(table('maker_list').primaryKey, ['key']);
    assert.deepEqual(table('joined').primaryKey, ['item', 'label']);
    assert.deepEqual(table('writable').primaryKey, []);
  });
});

describe('relationships in the catalog', () => {
  it('follow foreign keys both ways', () => {
    assert.deepEqual(describeRelationships('items', 'makers'), ['many-to-one makers maker_id=id']);
    assert.deepEqual(describeRelationships('makers', 'items'), [
      'one-to-many items id=maker_id',
      'computed items by newest to one',
    ]);
  });

  it('are one to one when the key is unique', () => {
    assert.deepEqual(describeRelationships('manuals', 'items'), ['one-to-one items item_id=id']);
    const relationship = catalog.relationships
      .get(key('shop', 'manuals'))!
      .find(({ target }) => target.name === 'items');
    assert.equal(relationship?.kind === 'one-to-one' && relationship.isParent, false);
    const back = catalog.relationships
      .get(key('shop', 'items'))!
      .find(({ target }) => target.name === 'manuals');
    assert.equal(back?.kind === 'one-to-one' && back.isParent, true);
  });

  it('join many to many where both keys are part of the primary key, and only there', () => {
    assert.deepEqual(describeRelationships('items', 'labels'), [
      'many-to-many labels by item_labels id=item_id id=label_id',
    ]);
    assert.deepEqual(describeRelationships('labels', 'items'), [
      'many-to-many items by item_labels id=label_id id=item_id',
    ]);
  });

  it('list a relation that refers to itself in both roles', () => {
    assert.deepEqual(describeRelationships('makers', 'makers'), [
      'one-to-many makers id=parent_id',
      'many-to-one makers parent_id=id',
    ]);
    assert.ok(
      catalog.relationships
        .get(key('shop', 'makers'))!
        .filter(({ target }) => target.name === 'makers')
        .every(({ isSelf }) => isSelf),
    );
  });

  it('reach views, from views, and between views, in every combination of repeated columns', () => {
    assert.deepEqual(describeRelationships('item_list', 'makers'), [
      'many-to-one makers maker=id',
      'many-to-one makers producer=id',
    ]);
    assert.deepEqual(describeRelationships('item_list', 'maker_list'), [
      'many-to-one maker_list maker=key',
      'many-to-one maker_list producer=key',
    ]);
    assert.deepEqual(describeRelationships('move_list', 'stock'), [
      'many-to-one stock w1=warehouse,item_id=item_id',
      'many-to-one stock w2=warehouse,item_id=item_id',
    ]);
    assert.deepEqual(describeRelationships('labels', 'joined'), [
      'many-to-many joined by item_labels id=label_id item=item_id',
    ]);
    assert.deepEqual(describeRelationships('item_labels', 'label_cache'), [
      'many-to-one label_cache label_id=id',
    ]);
    assert.deepEqual(describeRelationships('manuals', 'joined'), ['one-to-one joined item_id=item']);
  });

  it('tell foreign keys apart that have one name on two tables', () => {
    assert.deepEqual(describeRelationships('label_cache', 'twin_a'), ['one-to-many twin_a id=label_id']);
    assert.deepEqual(describeRelationships('label_cache', 'twin_b'), ['one-to-many twin_b id=label_id']);
  });

  it('look through views over views', () => {
    assert.deepEqual(describeRelationships('item_list_again', 'makers'), ['many-to-one makers maker=id']);
    assert.deepEqual(describeRelationships('maker_list', 'item_list_again'), [
      'one-to-many item_list_again key=maker',
    ]);
  });

  it('count the foreign keys of a partitioned table once', () => {
    assert.deepEqual(describeRelationships('sales', 'items'), ['many-to-one items item_id=id']);
    assert.deepEqual(describeRelationships('sales_2024'), []);
  });

  it('may be computed by a function, which takes the place of a detected one to a relation of its name', () => {
    assert.deepEqual(describeRelationships('makers', 'labels'), ['computed labels by labels']);
  });

  it('stay within the offered schemas, looking through views onto others', async () => {
    const shopOnly = await loadCatalog(pool, { schemas: ['shop'] });
    assert.equal(shopOnly.tables.has(key('hidden', 'base')), false);
    assert.equal(shopOnly.tables.has(key('shop', 'base')), true);
    assert.deepEqual(describeRelationships('base', 'makers', shopOnly), ['many-to-one makers maker_id=id']);
    const all = describeRelationships('makers', 'base');
    assert.equal(all.length, 2);
    assert.deepEqual(describeRelationships('makers', 'base', shopOnly), ['one-to-many base id=maker_id']);
  });
});

describe('routines in the catalog', () => {
  const routines = (name: string) => catalog.routines.get(key('shop', name)) ?? [];

  it('list every overload, those with fewer parameters first', () => {
    assert.deepEqual(
      routines('add').map(({ parameters }) =>
        parameters.map(({ name, required }) => `${name}${required ? '' : '?'}`),
      ),
      [
        ['a', 'b?'],
        ['a', 'b', 'c'],
      ],
    );
    assert.equal(routines('add')[0]!.comment, 'Adds');
    assert.deepEqual(
      routines('add').map(({ volatility }) => volatility),
      ['immutable', 'volatile'],
    );
  });

  it('know variadic parameters and settings', () => {
    const [total] = routines('total');
    assert.deepEqual(total!.parameters, [
      { name: 'numbers', type: 'integer[]', required: true, variadic: true },
    ]);
    assert.equal(total!.variadic, true);
    assert.deepEqual(total!.settings, [
      ['search_path', 'shop'],
      ['statement_timeout', '2s'],
    ]);
  });

  it('tell inputs from outputs, wherever they stand', () => {
    const [split] = routines('split');
    assert.deepEqual(
      split!.parameters.map(({ name }) => name),
      ['whole'],
    );
    assert.deepEqual(
      split!.outputs?.map(({ name, type }) => `${name} ${type}`),
      ['first text', 'whole text', 'last text'],
    );
    const [report] = routines('report');
    assert.deepEqual(report!.outputs, [
      { name: 'day', type: 'date' },
      { name: 'amount', type: 'bigint' },
    ]);
    assert.equal(report!.returns.kind, 'composite');
    assert.equal(report!.returns.setof, true);
  });

  it('name the relation whose rows they return', () => {
    assert.deepEqual(routines('cheap')[0]!.returns, {
      setof: true,
      kind: 'composite',
      type: { schema: 'shop', name: 'items' },
      typeText: 'shop.items',
    });
    assert.equal(routines('ingest')[0]!.returns.kind, 'void');
  });

  it('may take the whole body as their one unnamed parameter; others without names cannot be called', () => {
    assert.deepEqual(routines('ingest')[0]!.parameters, [
      { name: '', type: 'json', required: true, variadic: false },
    ]);
    assert.deepEqual(routines('positional'), []);
    assert.deepEqual(routines('on_writable'), []);
  });
});

describe('the rest of the catalog', () => {
  it('has the casts that represent domains', () => {
    assert.deepEqual(catalog.representations.get(castKey('shop.color', 'json')), {
      from: 'shop.color',
      to: 'json',
      routine: { schema: 'shop', name: 'to_json' },
    });
    assert.deepEqual(catalog.representations.get(castKey('json', 'shop.color'))?.routine.name, 'color');
    assert.equal(catalog.representations.size, 2);
  });

  it('has media handlers: aggregates by relation or for any, and functions for themselves', () => {
    assert.deepEqual(
      catalog.mediaHandlers.map(({ mediaType, resolvedMediaType, relation, routine, isAggregate }) => [
        mediaType,
        resolvedMediaType,
        relation?.name ?? null,
        routine.name,
        isAggregate,
      ]),
      [
        ['*/*', 'application/octet-stream', 'any_step', 'any_step', false],
        ['*/*', 'application/octet-stream', null, 'as_any', true],
        ['text/plain', 'text/plain', 'items', 'as_plain', true],
        ['text/plain', 'text/plain', 'motto', 'motto', false],
        ['text/plain', 'text/plain', 'plain_step', 'plain_step', false],
      ],
    );
  });

  it('has schemas, enums, composite types and the version', () => {
    assert.equal(catalog.schemas.get('shop'), 'What we sell');
    assert.deepEqual(catalog.enums?.get(key('shop', 'size')), ['small', 'large', 'huge']);
    assert.deepEqual(catalog.compositeTypes?.get(key('shop', 'address')), [
      { name: 'street', type: 'text' },
      { name: 'zip', type: 'character varying' },
    ]);
    assert.equal(catalog.domains?.get(key('shop', 'sku')), 'character varying');
    assert.deepEqual(catalog.computedFields?.get(key('shop', 'makers')), [
      { routine: { schema: 'shop', name: 'shout' }, type: 'text', setof: false },
    ]);
    assert.ok(catalog.serverVersion >= 170000);
  });

  it('is the same on every load', async () => {
    const again = await loadCatalog(pool);
    assert.deepEqual([...again.tables], [...catalog.tables]);
    assert.deepEqual([...again.relationships], [...catalog.relationships]);
    assert.deepEqual([...again.routines], [...catalog.routines]);
  });

  it('survives names that need quoting', async () => {
    const odd = await testDatabase({
      sql: `create table "a ""b"" {c},(d)\\e" ("x :resno 1 }" int primary key, "line
break" text);
        create view "v (1)" as select "x :resno 1 }", "line
break" as "ü" from "a ""b"" {c},(d)\\e";`,
    });
    const oddPool = createPool({ url: odd.superuserUrl, size: 1 });
    try {
      const { tables } = await loadCatalog(oddPool);
      assert.deepEqual(
        [...tables.get(key('public', 'a "b" {c},(d)\\e'))!.columns.keys()],
        ['x :resno 1 }', 'line\nbreak'],
      );
      assert.deepEqual(tables.get(key('public', 'v (1)'))!.primaryKey, ['x :resno 1 }']);
    } finally {
      await oddPool.close();
      await odd.drop();
    }
  });
});
