import type { Catalog } from '@peakstone/kernel/catalog';

/** Relations whose relationships are counted: a catalog decodes those only when asked, and most are never asked for. */
const maxCounted = 1000;

/**
 * What a catalog holds, in the reference's words. Relationships are counted one by one; of more than a thousand relations
 * only some are looked at, evenly spread, and the figure is given as `about`. Pure.
 */
export function summarizeCatalog(catalog: Catalog): string {
  const { tables, routines, representations, mediaHandlers } = catalog;
  return `${tables.size} Relations, ${countRelationships(catalog)} Relationships, ${routines.size} RPCs, ${representations.size} Domain Representations, ${mediaHandlers.length} Media Type Handlers`;
}

function countRelationships({ relationships }: Catalog): string {
  const step = Math.max(1, Math.ceil(relationships.size / maxCounted));
  let at = 0;
  let looked = 0;
  let count = 0;
  for (const source of relationships.keys()) {
    if (at++ % step !== 0) continue;
    looked++;
    count += relationships.get(source)?.length ?? 0;
  }
  return step === 1 ? String(count) : `about ${Math.round((count / looked) * relationships.size)}`;
}
