/** What the commands of our image run: one service in the foreground, and the bootstrap job. */
import { bootstrapDatabase, DEFAULT_SCHEMAS } from '@peakstone/database';
import { gateway, routesFromEnv } from '@peakstone/gateway';
import { ConfigError, readBoolean, readList, readSecret, readString } from '@peakstone/kernel/config';
import { createLogger } from '@peakstone/kernel/log';
import type { Env, Running } from '@peakstone/kernel/service';
import { StackError } from '../run/errors.ts';

/**
 * Starts the gateway from its environment alone. Effect: listens; logs to standard output.
 * @throws {ConfigError} naming the variable
 */
export async function runGateway(env: Env, signal: AbortSignal): Promise<Running> {
  const log = createLogger({ fields: { service: 'gateway' } });
  const config = gateway.config(env);
  const running = await gateway.start(config, { routes: routesFromEnv(env), log }, signal).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StackError('portTaken', `Port ${config.port} of ${config.host} is in use by another process.`, {
      hint: 'Stop what listens there, or set GATEWAY_PORT.',
      cause: error,
    });
  });
  log.info('listening', { url: running.url });
  return running;
}

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
    supabase: readBoolean(env, 'DATABASE_SUPABASE', { default: true }),
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
