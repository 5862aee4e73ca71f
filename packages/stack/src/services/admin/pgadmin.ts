// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { databaseName, superuserName } from '../../container/connection.ts';
import type { DatabaseEndpoint } from '../../container/endpoints.ts';

interface Server {
  readonly name: string;
  readonly at: DatabaseEndpoint;
  readonly role: string;
  readonly passwordVariable: string;
}

/**
 * pgAdmin's servers and the password file that opens them, so that nobody types a password twice.
 * Paths in server mode are relative to the user's own folder, to which {@link pgAdminScript} brings the password file.
 * @see https://www.pgadmin.org/docs/pgadmin4/latest/import_export_servers.html
 */
export function pgAdminFiles(
  database: DatabaseEndpoint,
  pooler: DatabaseEndpoint | undefined,
): { readonly servers: string; readonly passwords: string } {
  const servers: Server[] = [
    {
      name: 'PostgreSQL (superuser)',
      at: database,
      role: superuserName,
      passwordVariable: 'POSTGRES_SUPERPASS',
    },
    {
      name: 'PostgreSQL (migrator)',
      at: database,
      role: 'db_migrator',
      passwordVariable: 'DB_MIGRATOR_PASSWORD',
    },
  ];
  if (pooler)
    servers.push({
      name: 'Pooler (as the REST API)',
      at: pooler,
      role: 'db_authenticator',
      passwordVariable: 'DB_AUTHENTICATOR_PASSWORD',
    });
  const entries = servers.map((server, index) => [
    String(index + 1),
    {
      Name: server.name,
      Group: 'PeakStone',
      Host: server.at.host,
      Port: server.at.port,
      MaintenanceDB: databaseName,
      Username: server.role,
      ConnectionParameters: {
        sslmode: server.at.sslMode === 'disable' ? 'prefer' : server.at.sslMode,
        connect_timeout: 10,
        passfile: '/.pgpass',
      },
    },
  ]);
  return {
    servers: `${JSON.stringify({ Servers: Object.fromEntries(entries) }, null, 2)}\n`,
    passwords: servers
      .map(({ at, role, passwordVariable }) => `${at.host}:${at.port}:*:${role}:${passwordVariable}\n`)
      .join(''),
  };
}

/**
 * Fills the password file on every start, because the image copies the mounted one on its first start only, and would ask for
 * every password that is rotated later. The mounted one names variables, so that anybody may read it, and the library ignores what anybody may
 * read; in the filled one a colon and a backslash are escaped.
 * @see https://www.postgresql.org/docs/17/libpq-pgpass.html
 */
export const pgAdminScript = `set -eu
folder="/var/lib/pgadmin/storage/$(printf %s "$PGADMIN_DEFAULT_EMAIL" | tr @ _)"
fill() {
  while IFS=: read -r host port database role variable; do
    password=$(printenv "$variable" | sed 's/[\\\\:]/\\\\&/g')
    printf '%s:%s:%s:%s:%s\\n' "$host" "$port" "$database" "$role" "$password"
  done
}
(umask 077 && mkdir -p "$folder" && fill < /pgadmin4/pgpass > "$folder/.pgpass")
exec /entrypoint.sh
`;
