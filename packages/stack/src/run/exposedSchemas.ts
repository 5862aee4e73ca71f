import { servedSchemas } from '@peakstone/database';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { superuserUrl } from './databaseUrl.ts';
import { stackValues } from './stackValues.ts';

/**
 * Schemas that the REST API of the running stack exposes.
 * @throws {StackConfigError}; {StackError} `notRunning`, where only the database knows
 */
export async function exposedSchemas(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  const { PGRST_DB_SCHEMAS, DATABASE_SCHEMAS } = await stackValues(paths, env);
  const names = (PGRST_DB_SCHEMAS || DATABASE_SCHEMAS)?.split(',').map(name => name.trim());
  return names?.filter(name => name !== '') ?? (await servedSchemas(await superuserUrl(paths, env)));
}
