/**
 * Sessions of a login that may do more than those who write into the database: the superuser's, or one that may take on
 * every role. In them no name may be looked up where somebody of less power can have put an object first.
 */
import { type Client, connectClient } from './client.ts';
import { createPool } from './pool/pool.ts';
import type { Pool, PoolOptions, Statement } from './types.ts';

/**
 * Functions, operators, types, casts and tables are PostgreSQL's own; anything else is named with its schema. pg_temp is
 * named, and last, because otherwise it comes first, and everybody may write there.
 *
 * Sent at start-up, which neither ALTER ROLE nor ALTER DATABASE … SET overrides, nor the URL's `options`.
 * @see https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-SEARCH-PATH
 */
export const PRIVILEGED_SEARCH_PATH = 'pg_catalog, pg_temp';

/**
 * First statement of an exchange that reads PostgreSQL's catalogs on a connection which serves requests as well, and so
 * may have been left with any search path: this one holds until the exchange ends.
 */
export const TRUST_CATALOG_ONLY: Statement = {
  text: `select pg_catalog.set_config('search_path', '${PRIVILEGED_SEARCH_PATH}', true)`,
  values: [],
  prepare: false,
};

/**
 * A relation that is read by its name may have become somebody's view, whose functions the reader would run: views and
 * foreign tables that are not PostgreSQL's own are refused, where the server knows the setting.
 * @see https://www.postgresql.org/docs/17/runtime-config-client.html#GUC-RESTRICT-NONSYSTEM-RELATION-KIND
 */
const opening = `select pg_catalog.set_config(name, 'view, foreign-table', false) from pg_catalog.pg_settings
    where name operator(pg_catalog.=) 'restrict_nonsystem_relation_kind'`;

export interface PrivilegedOptions
  extends Omit<PoolOptions, 'size' | 'sharedSize' | 'parameters' | 'statementCacheSize' | 'opening'> {
  /** `application_name`, which says in the server's log and in pg_stat_activity what the session is for. */
  readonly name: string;
}

const parametersOf = (name: string): Readonly<Record<string, string>> => ({
  application_name: name,
  search_path: PRIVILEGED_SEARCH_PATH,
});

/**
 * The same as one connection of one's own, on which a transaction stays open from script to script: for looks at all of a
 * database in one snapshot.
 * @throws {ConnectionError} when the server cannot be reached.
 */
export async function connectPrivileged({
  url,
  name,
}: {
  readonly url: string;
  readonly name: string;
}): Promise<Client> {
  const client = await connectClient({ url, parameters: parametersOf(name) });
  try {
    await client.script(opening);
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/**
 * The only way in which the product opens a privileged session (`scripts/architecture.test.ts` sees to it): one
 * connection, on which every statement names what is not PostgreSQL's own, and none reads a view or foreign table of anybody's.
 * @throws {ConnectionError} when `url` is malformed.
 * @example createPrivilegedPool({ url: adminUrl, name: 'peakstone doctor' })
 */
export function createPrivilegedPool({ name, ...options }: PrivilegedOptions): Pool {
  return createPool({
    ...options,
    size: 1,
    sharedSize: 0,
    statementCacheSize: 0,
    opening,
    parameters: parametersOf(name),
  });
}
