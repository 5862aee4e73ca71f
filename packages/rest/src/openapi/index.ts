/** The OpenAPI document at the root. */
export { type OpenApiVersion, renderOpenApi, requestedVersion } from './document.ts';
export { openApiStatements, readVisible, type VisibleSchema } from './visible.ts';
