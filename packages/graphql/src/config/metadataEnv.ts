/**
 * Which variables of the environment metadata may name: what they hold fills addresses, headers and templates, and so leaves
 * the server for wherever metadata says. The one place that decides it.
 *
 * The reference keeps `HASURA_GRAPHQL_*` from `value_from_env` alone. Metadata are rows of a database, which others may come
 * to write than who has the admin secret; so nothing that tells one of the server's own secrets is ever handed to them.
 */
import { readList } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

/** Settings of the engines, of libpq, and of what else the stack runs. */
const reserved =
  /^(?:(?:HASURA|PEAKSTONE|PGRST|POSTGRES|PGADMIN|PGCAT|MINIO|S3_APP|IMGPROXY|LOKI|GRAFANA|DB_AUTHENTICATOR|DB_MIGRATOR|DB_BACKUP)_.*|PG[A-Z]+|JWT_SECRET|DATABASE_URL|ATLAS_URL)$/;

/** What is shorter is found in anything by chance. */
const shortestPart = 8;

/**
 * All that is not reserved, or, where `PEAKSTONE_GRAPHQL_METADATA_ENV` names variables, those and no others; of either none
 * that holds one of `secrets`, whatever its name. Pure.
 */
export function metadataEnv(env: Env, secrets: readonly string[]): Env {
  const named = readList(env, 'PEAKSTONE_GRAPHQL_METADATA_ENV', { default: [] as readonly string[] });
  const isReadable = (name: string): boolean =>
    named.length > 0 ? named.includes(name) : !reserved.test(name);
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name, value]) => value !== undefined && isReadable(name) && !tells(value, secrets),
    ),
  );
}

function tells(value: string, secrets: readonly string[]): boolean {
  return secrets.some(
    secret => value === secret || (secret.length >= shortestPart && value.includes(secret)),
  );
}
