export { loadCatalog } from './load.ts';
export type { CatalogOptions } from './queries.ts';
export * from './types.ts';
