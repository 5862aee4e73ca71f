import { connectionUrl } from '@peakstone/database';
import { type EnvValues, stackEnv } from '../../run/envFile.ts';
import type { StackPaths } from '../../run/paths.ts';
import { runningState } from '../../run/state.ts';
import { externalUrl } from '../../run/urls.ts';

/**
 * The administrator's address of the running stack's database.
 * @throws {StackError} `notRunning`
 */
export async function superuserUrl(paths: StackPaths, env: EnvValues): Promise<string> {
  const values = stackEnv(paths, env);
  if (externalUrl(values.DATABASE_ENGINE) !== null) return administratorUrl(values, {});
  return administratorUrl(values, (await runningState(paths)).ports);
}

/** The same from the stack's settings and its ports. Pure. */
export function administratorUrl(values: EnvValues, ports: Readonly<Record<string, number>>): string {
  const external = externalUrl(values.DATABASE_ENGINE);
  if (external !== null) return external;
  return connectionUrl(
    { host: '127.0.0.1', port: ports.postgres ?? 5432 },
    values.POSTGRES_DB || 'postgres',
    values.POSTGRES_SUPERUSER || 'postgres',
    values.POSTGRES_SUPERPASS,
  );
}
