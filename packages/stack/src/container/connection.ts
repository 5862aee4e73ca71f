// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/**
 * How a container connects to the database: in parts, never as one pasted URL. A password that holds `/` or `@` does not survive
 * in a URL unless it is encoded, which Compose's interpolation cannot do.
 */
import { required } from './basics.ts';
import type { DatabaseEndpoint } from './endpoints.ts';

/** The database; its variable may be set to nothing. */
export const databaseName = '${POSTGRES_DB:-postgres}';
export const superuserName = '${POSTGRES_SUPERUSER:-postgres}';

/** The variables that libpq reads, and so do our services. @see https://www.postgresql.org/docs/17/libpq-envars.html */
export function connectionVariables(
  at: DatabaseEndpoint,
  role: string,
  passwordVariable: string,
): Record<string, string> {
  return {
    PGHOST: at.host,
    PGPORT: String(at.port),
    PGUSER: role,
    PGPASSWORD: required(passwordVariable),
    PGDATABASE: databaseName,
    PGSSLMODE: at.sslMode,
  };
}
