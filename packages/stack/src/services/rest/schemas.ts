import { servedSchemas } from '@peakstone/database';
import { loadStackConfig } from '../../deploy/project.ts';
import { type EnvValues, stackEnv } from '../../run/envFile.ts';
import type { StackPaths } from '../../run/paths.ts';
import { superuserUrl } from '../postgres/address.ts';

/**
 * Schemas that the REST API of the running stack exposes.
 * @throws {StackConfigError}; {StackError} `notRunning`, where only the database knows
 */
export async function exposedSchemas(paths: StackPaths, env: EnvValues): Promise<readonly string[]> {
  const values = stackEnv(paths, env);
  const text = values.PGRST_DB_SCHEMAS || values.DATABASE_SCHEMAS;
  const names = text?.split(',').map(name => name.trim());
  return (
    names?.filter(name => name !== '') ??
    (await loadStackConfig(paths.project)).schemas ??
    (await servedSchemas(await superuserUrl(paths, env)))
  );
}
