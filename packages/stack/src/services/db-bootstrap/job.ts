/** What the bootstrap's container runs. */
import { bootstrapDatabase, DEFAULT_SCHEMAS, readRoleSettings, readSupabaseMode } from '@peakstone/database';
import { ConfigError, readList, readSecret, readString } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

/**
 * Makes roles, schemas, grants and functions in the database that PEAKSTONE_DATABASE_URL names. Idempotent.
 * @returns what it did, in one line
 * @throws {ConfigError} naming the variable; {DatabaseError} what the server refused
 */
export async function runDatabaseBootstrap(env: Env): Promise<string> {
  const expected = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';
  const text = readSecret(env, 'PEAKSTONE_DATABASE_URL', { expected });
  // Its password must not come back in the error.
  if (!URL.canParse(text)) throw new ConfigError('PEAKSTONE_DATABASE_URL', expected);
  const url = new URL(text);
  const report = await bootstrapDatabase(url.href, {
    database:
      decodeURIComponent(url.pathname.slice(1)) || readString(env, 'POSTGRES_DB', { default: 'postgres' }),
    schemas: readList(env, 'PEAKSTONE_SCHEMAS', { default: [...DEFAULT_SCHEMAS] }),
    passwords: {
      db_authenticator: readSecret(env, 'DB_AUTHENTICATOR_PASSWORD'),
      hasura: readSecret(env, 'HASURA_DB_PASSWORD'),
      db_migrator: readSecret(env, 'DB_MIGRATOR_PASSWORD'),
    },
    supabase: readSupabaseMode(env),
    roleSettings: readRoleSettings(env),
  });
  const parts = [
    report.outcome === 'unchanged' ? 'nothing to do' : 'roles, schemas and grants are in place',
    ...(report.passwordsSet.length > 0 ? [`passwords set: ${report.passwordsSet.join(', ')}`] : []),
    ...(report.missingExtensions.length > 0
      ? [`the server lacks ${report.missingExtensions.join(', ')}`]
      : []),
    ...report.failed.map(({ step, reason }) => `not done: ${step} (${reason})`),
  ];
  return `db-bootstrap: ${parts.join('; ')}`;
}
