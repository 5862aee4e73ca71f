import { type Catalog, key, loadCatalog } from '@peakstone/kernel/catalog';
import { loadEnums } from './enums.ts';
import { type FunctionFacts, loadFunctions } from './functions.ts';
import type { CatalogReader } from './reader.ts';
import { loadSessionAware } from './sessionAware.ts';

/** What one source's database holds. */
export interface SourceCatalog {
  readonly tables: Catalog['tables'];
  readonly relationships: Catalog['relationships'];
  readonly functions: ReadonlyMap<string, readonly FunctionFacts[]>;
  /** Rows of enum tables, by `key(schema, name)`: values with their comments. */
  readonly enums: ReadonlyMap<string, ReadonlyMap<string, string | null>>;
  /** Functions and relations that look at who asks, quoted as in statements. */
  readonly sessionAware: ReadonlySet<string>;
}

/**
 * Reads it whole.
 * @throws {PgError} @throws {ConnectionError}
 */
export async function loadSourceCatalog(
  pool: CatalogReader,
  enumTables: readonly { readonly schema: string; readonly name: string }[],
  options: { readonly runsPolicies: boolean },
): Promise<SourceCatalog> {
  const [{ tables, relationships }, functions, sessionAware] = await Promise.all([
    loadCatalog(pool),
    loadFunctions(pool),
    loadSessionAware(pool),
  ]);
  const found = enumTables.flatMap(({ schema, name }) => tables.get(key(schema, name)) ?? []);
  return {
    tables,
    relationships,
    functions,
    sessionAware,
    enums: await loadEnums(pool, found, options.runsPolicies),
  };
}
