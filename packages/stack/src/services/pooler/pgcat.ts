import { databaseName } from '../../container/connection.ts';
import type { DatabaseEndpoint } from '../../container/endpoints.ts';

/**
 * `pgcat.toml` with one pool named after the database, in session mode: Hasura needs it, and LISTEN too.
 * Values from .env stand in literal strings, in which nothing is an escape.
 * Only the least-privilege roles pass through it; the superuser does not.
 * @see https://github.com/postgresml/pgcat/blob/main/CONFIG.md
 */
export function pgcatToml(database: DatabaseEndpoint, poolSize: number): string {
  return `[general]
host = "0.0.0.0"
port = 6432
admin_username = '''\${PGCAT_ADMIN_USER:-pgcat}'''
admin_password = '''\${PGCAT_ADMIN_PASSWORD}'''
connect_timeout = 5000
idle_timeout = 30000
healthcheck_timeout = 1000
healthcheck_delay = 30000
# Seconds; the other durations are milliseconds.
ban_time = 60
shutdown_timeout = 60000
worker_threads = 4
tcp_keepalives_idle = 5
tcp_keepalives_count = 5
tcp_keepalives_interval = 5
server_tls = ${database.sslMode !== 'disable'}

# Clients connect to the pool by the database's name.
[pools.'${databaseName}']
pool_mode = "session"
default_role = "primary"
query_parser_enabled = false

[pools.'${databaseName}'.users.0]
username = "db_authenticator"
password = '''\${DB_AUTHENTICATOR_PASSWORD}'''
pool_size = ${poolSize}
min_pool_size = 1

[pools.'${databaseName}'.users.1]
username = "hasura"
password = '''\${HASURA_DB_PASSWORD}'''
pool_size = ${poolSize}
min_pool_size = 1

[pools.'${databaseName}'.shards.0]
database = '${databaseName}'
servers = [["${database.host}", ${database.port}, "primary"]]
`;
}
