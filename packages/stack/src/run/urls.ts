import { connectionUrl, DEFAULT_SCHEMAS } from '@peakstone/database';
import { loadStackConfig } from '../deploy/project.ts';
import { runningState } from './client.ts';
import { type EnvValues, stackEnv } from './envFile.ts';
import type { StackPaths } from './paths.ts';

/** Where clients on this machine reach a service that listens on `host`. Pure. */
export function httpUrl(host: string, port: number | undefined): string {
  const reachable = host === '0.0.0.0' || host === '::' || host === '' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port ?? 0}`;
}

/**
 * The administrator's address of the running stack's database.
 * @throws {StackError} `notRunning`
 */
export async function superuserUrl(paths: StackPaths, env: EnvValues): Promise<string> {
  const values = stackEnv(paths, env);
  const external = externalUrl(values.DATABASE_ENGINE);
  if (external !== null) return external;
  const { ports } = await runningState(paths);
  const endpoint = { host: '127.0.0.1', port: ports.postgres ?? 5432 };
  return connectionUrl(
    endpoint,
    values.POSTGRES_DB || 'postgres',
    values.POSTGRES_SUPERUSER || 'postgres',
    values.POSTGRES_SUPERPASS,
  );
}

/** Schemas that the REST API of this stack exposes. @throws {StackConfigError} */
export async function exposedSchemas(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  const values = stackEnv(paths, env);
  const text = values.PGRST_DB_SCHEMAS || values.DATABASE_SCHEMAS;
  const names = text?.split(',').map(name => name.trim());
  return (
    names?.filter(name => name !== '') ?? (await loadStackConfig(paths.project)).schemas ?? DEFAULT_SCHEMAS
  );
}

/** An engine setting that is an address: who serves is somebody else. Pure. */
export function externalUrl(engine: string | undefined): string | null {
  return engine !== undefined && /^[a-z][a-z0-9+.-]*:\/\//i.test(engine) ? engine : null;
}

/** The same address with another password. Pure. */
export function withPassword(url: string, password: string): string {
  const changed = new URL(url);
  changed.password = encodeURIComponent(password);
  return changed.href;
}
