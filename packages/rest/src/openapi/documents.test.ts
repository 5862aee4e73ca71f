import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Result } from '@peakstone/kernel/pg';
import { makeCatalog } from '../../test/support/catalog.ts';
import { defaultConfig } from '../config/types.ts';
import { createDocuments, type Documents, sizeOf } from './documents.ts';

const names = Array.from({ length: 30 }, (_, i) => `t${i}`);
const catalog = makeCatalog({ tables: Object.fromEntries(names.map(name => [name, 'id! integer'])) });

/** What the database answers a role that may see the first tables. */
const seen = (count: number): readonly Result[] =>
  [JSON.stringify(names.slice(0, count)), '[]', null].map(
    text => ({ rows: [[text === null ? null : Buffer.from(text)]] }) as unknown as Result,
  );
const find = (documents: Documents, count: number, from = catalog) =>
  documents.find(seen(count), 'api', from, defaultConfig, '2.0');

describe('documents that have been made', () => {
  it('are made once for all who see the same, also for those who ask meanwhile', async () => {
    const documents = createDocuments();
    const asked = await Promise.all(Array.from({ length: 20 }, () => find(documents, 10)));
    for (const text of asked) assert.equal(text, asked[0]);
    assert.equal(await find(documents, 10), asked[0]);
    const more = await find(documents, 11);
    assert.notEqual(more, asked[0]);
    assert.equal(Object.keys(JSON.parse(Buffer.concat(more).toString()).definitions).length, 11);
  });

  it('are forgotten with the catalog that they describe', async () => {
    const documents = createDocuments();
    const before = await find(documents, 10);
    assert.notEqual(await find(documents, 10, { ...catalog }), before);
  });

  it('take no more memory than they may: the one that was last asked for longest ago goes first', async () => {
    const size = sizeOf(await find(createDocuments(), 30));
    const documents = createDocuments(size * 2);
    const largest = await find(documents, 30);
    const other = await find(documents, 29);
    assert.equal(await find(documents, 30), largest);
    await find(documents, 28);
    assert.equal(await find(documents, 30), largest);
    assert.notEqual(await find(documents, 29), other);
    const none = createDocuments(size - 1);
    assert.notEqual(await find(none, 30), await find(none, 30));
  });
});
