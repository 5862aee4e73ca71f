/** What the bootstrap's container runs. */
import {
  type BootstrapOptions,
  bootstrapDatabase,
  readRoleSettings,
  readSupabaseMode,
} from '@peakstone/database';
import { readSchemas } from '@peakstone/database/schemas';
import { readBoolean, readSecret } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { readLogin, refusesLogin, withLogin } from './login.ts';

/**
 * Makes roles, schemas, grants and functions in the database that {@link readLogin} finds. Idempotent.
 * @returns what it did, in one line
 * @throws {ConfigError} naming the variable; {DatabaseError} what the server refused
 */
export async function runDatabaseBootstrap(env: Env): Promise<string> {
  const login = readLogin(env);
  const options: BootstrapOptions = {
    database: login.database,
    schemas: readSchemas(env),
    announceSchemas: true,
    passwords: {
      db_authenticator: readSecret(env, 'DB_AUTHENTICATOR_PASSWORD'),
      hasura: readSecret(env, 'HASURA_DB_PASSWORD'),
      db_migrator: readSecret(env, 'DB_MIGRATOR_PASSWORD'),
      // Not set where the stack was configured before there were these.
      db_backup: env.DB_BACKUP_PASSWORD ?? '',
      // In containers there is no console.
      console_viewer: '',
      console_editor: '',
    },
    supabase: readSupabaseMode(env),
    roleSettings: readRoleSettings(env),
    regrant: readBoolean(env, 'DATABASE_REGRANT', { default: false }),
  };
  const { result: report, passwordSet } = await withLogin(login, url => bootstrapDatabase(url, options));
  const passwords = [...(passwordSet ? [login.user] : []), ...report.passwordsSet];
  const parts = [
    report.outcome === 'unchanged' ? 'nothing to do' : 'roles, schemas and grants are in place',
    ...(passwords.length > 0 ? [`passwords set: ${passwords.join(', ')}`] : []),
    ...(report.missingExtensions.length > 0
      ? [`the server lacks ${report.missingExtensions.join(', ')}`]
      : []),
    ...(report.settingsTakenOff.length > 0
      ? [`settings taken off roles: ${report.settingsTakenOff.join(', ')}`]
      : []),
    ...report.failed.map(({ step, reason }) => `not done: ${step} (${reason})`),
  ];
  return `db-bootstrap: ${parts.join('; ')}`;
}

/** Whether the job could log in, changing nothing. @returns why not @throws {ConfigError} naming the variable */
export async function rehearseDatabaseBootstrap(env: Env): Promise<string | undefined> {
  return await refusesLogin(readLogin(env));
}
