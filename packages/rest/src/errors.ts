/**
 * The engine's errors: one class, one closed table from code to status, and one renderer.
 * @see https://docs.postgrest.org/en/stable/references/errors.html
 */

export * as authErrors from './errors/auth.ts';
export * as beyondErrors from './errors/beyond.ts';
export * as connectionErrors from './errors/connection.ts';
export {
  type ErrorContext,
  renderError,
  renderErrorBody,
  toRestError,
} from './errors/render.ts';
export * as requestErrors from './errors/request.ts';
export { type Named, RestError } from './errors/restError.ts';
export * as schemaCacheErrors from './errors/schemaCache.ts';
export { statusOfSqlState } from './errors/sqlstate.ts';
