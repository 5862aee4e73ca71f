/** The OpenAPI document at the root. */
export { renderOpenApi, requestedVersion, withoutVersion } from './document.ts';
export { openApiStatements, readVisible } from './visible.ts';
