/** What of a stack's database is not its application's: schemas and roles, as data. */
export { STACK_EXTENSIONS, type StackExtension } from './extensions.ts';
export {
  ACCOUNTS,
  type LoginRole,
  rolesWhere,
  STACK_ROLES,
  STRANGER_ROLES,
  type StackRole,
  SUPABASE_REQUEST_ROLES,
  VISITOR_ROLES,
} from './roles.ts';
export {
  ATLAS_HISTORY,
  EXTENSIONS_SCHEMA,
  HASURA_SCHEMA,
  isNotPostgres,
  JOURNAL_SCHEMA,
  STACK_SCHEMAS,
  SUPABASE_HISTORY_SCHEMA,
  schemasMadeBy,
  schemasWith,
} from './schemas.ts';
export { PLATFORM_ROLES, PLATFORM_SCHEMAS, type Reason } from './supabase.ts';
