/**
 * Settings kept in the database.
 * @see https://docs.postgrest.org/en/stable/references/configuration.html#in-database-configuration
 */
import {
  type Cell,
  type Pool,
  quoteIdentifier,
  quoteQualified,
  type Result,
  type Statement,
  TRUST_CATALOG_ONLY,
} from '@peakstone/kernel/pg';
import { noRoleConfig, type RoleConfig, readRoleConfig } from '@peakstone/kernel/request';
import { beyondNames } from './beyond.ts';
import type { ConfiguredName } from './types.ts';

const prefix = 'pgrst.';

/** Settings that may come from the database, with underscores. The others are needed to reach it, or before. */
const names = [
  'client_error_verbosity',
  'db_aggregates_enabled',
  'db_anon_role',
  'db_extra_search_path',
  'db_hoisted_tx_settings',
  'db_max_rows',
  'db_plan_enabled',
  'db_pre_config',
  'db_pre_request',
  'db_prepared_statements',
  'db_root_spec',
  'db_schemas',
  'db_tx_end',
  'jwt_aud',
  'jwt_cache_max_entries',
  'jwt_role_claim_key',
  'jwt_secret',
  'jwt_secret_is_base64',
  'openapi_mode',
  'openapi_security_active',
  'openapi_server_proxy_uri',
  'server_cors_allowed_origins',
  'server_timing_enabled',
  'server_trace_header',
  'url_use_legacy_target_names',
  ...beyondNames,
];

const namesSql = `array[${names.map(name => `'${prefix}${name}'`).join(', ')}]`;

/** In order of precedence: the role in this database, the role everywhere, what the pre-config function set. */
const settingsSql = (calledPreConfig: boolean): string => `
select distinct on (name) substr(name, ${prefix.length + 1}) as name, value
from (
  select setdatabase <> 0 as is_specific, true as is_role,
         substr(setting, 1, strpos(setting, '=') - 1) as name,
         substr(setting, strpos(setting, '=') + 1) as value
  from pg_catalog.pg_db_role_setting, unnest(setconfig) as setting
  where setrole = (select oid from pg_catalog.pg_roles where rolname = current_user)
    and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_catalog))
  ${
    calledPreConfig
      ? `union all
  select false, false, name, current_setting(name, true) from unnest(${namesSql}) as name`
      : ''
  }
) as settings
where name = any (${namesSql}) and value is not null
order by name, is_role desc, is_specific desc`;

export interface DatabaseConfig {
  /** By name with underscores and without prefix, such as `db_schemas`. */
  readonly settings: ReadonlyMap<string, string>;
  readonly roles: RoleConfig;
}

/**
 * Reads both. What cannot be read is told and counts as not set, so that a broken function does not take the service
 * down. Never throws.
 */
export async function readDatabaseConfig(
  pool: Pool,
  preConfig: ConfiguredName | null,
  onFailure: (unread: keyof DatabaseConfig, error: unknown) => void,
): Promise<DatabaseConfig> {
  const orElse = async <T>(unread: keyof DatabaseConfig, reading: Promise<T>, none: T): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      onFailure(unread, error);
      return none;
    }
  };
  return {
    settings: await orElse('settings', readDatabaseSettings(pool, preConfig), new Map()),
    roles: await orElse('roles', readRoleConfig(pool), noRoleConfig),
  };
}

/** @throws {PgError} when the function does not exist or fails, {ConnectionError} when the database is out of reach. */
async function readDatabaseSettings(
  pool: Pool,
  preConfig: ConfiguredName | null,
): Promise<ReadonlyMap<string, string>> {
  const statement = (text: string): Statement => ({ text, values: [], prepare: false });
  const results = await pool.exchange({
    begin: 'begin read only',
    statements: [
      // A function of the user's own, which keeps the session's search path.
      ...(preConfig ? [statement(`select from ${quoteName(preConfig)}()`)] : []),
      TRUST_CATALOG_ONLY,
      statement(settingsSql(preConfig !== null)),
    ],
  });
  return new Map(rows(results.at(-1)).map(([name, value]) => [name!, value!]));
}

function rows(result: Result | undefined): readonly (readonly (string | null)[])[] {
  return (result?.rows ?? []).map(row => row.map(textOf));
}

const textOf = (cell: Cell): string | null => (cell === null ? null : cell.toString('utf8'));

/** @throws {TypeError} for a name that PostgreSQL cannot have. */
function quoteName({ schema, name }: ConfiguredName): string {
  return schema === '' ? quoteIdentifier(name) : quoteQualified(schema, name);
}
