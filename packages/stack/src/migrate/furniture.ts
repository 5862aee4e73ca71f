import type { Furniture } from '@peakstone/migrate';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { exposedSchemas } from '../run/exposedSchemas.ts';

/** Schemas that the bootstrap, or a service, makes for itself. */
const own = ['auth', 'extensions', 'peakstone', 'hdb_catalog', 'storage', 'cron'];

/** What the running stack's database holds before its first migration. @throws {StackError} `notRunning` */
export async function furnitureOf(paths: StackPaths, env: EnvValues): Promise<Furniture> {
  return { ignored: own, empty: await exposedSchemas(paths, env) };
}
