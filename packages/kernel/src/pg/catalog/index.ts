export { buildCatalog, loadCatalog } from './load.ts';
export { type CatalogOptions, catalogStatements } from './queries.ts';
export * from './types.ts';
