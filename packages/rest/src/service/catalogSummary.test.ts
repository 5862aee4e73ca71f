import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Catalog, Relationship } from '@peakstone/kernel/catalog';
import { summarizeCatalog } from './catalogSummary.ts';

/** Relations t0, t1 … with as many relationships each as `of` says, and which of them were asked for. */
function catalogOf(
  relations: number,
  of: (index: number) => number,
): { catalog: Catalog; asked: Set<string> } {
  const asked = new Set<string>();
  const relationships = new Map(
    Array.from({ length: relations }, (_, index) => [
      `t${index}`,
      Array.from({ length: of(index) }, () => ({}) as Relationship),
    ]),
  );
  const get = relationships.get.bind(relationships);
  relationships.get = name => {
    asked.add(name);
    return get(name);
  };
  const catalog = {
    tables: relationships as unknown as Catalog['tables'],
    relationships,
    routines: new Map(),
    representations: new Map(),
    mediaHandlers: [],
    schemas: new Map(),
    serverVersion: 170_000,
    loadedInMs: 1,
  };
  return { catalog, asked };
}

describe('summing a catalog up', () => {
  it('counts relationships, not the relations that have them', () => {
    assert.equal(
      summarizeCatalog(catalogOf(3, index => index * 2).catalog),
      '3 Relations, 6 Relationships, 0 RPCs, 0 Domain Representations, 0 Media Type Handlers',
    );
    assert.match(summarizeCatalog(catalogOf(0, () => 0).catalog), /^0 Relations, 0 Relationships,/);
  });

  it('looks at a thousand relations at most, and says that the figure is an estimate then', () => {
    const { catalog, asked } = catalogOf(20_000, index => (index < 10_000 ? 4 : 2));
    assert.match(summarizeCatalog(catalog), /^20000 Relations, about 60000 Relationships,/);
    assert.equal(asked.size, 1000);
  });
});
