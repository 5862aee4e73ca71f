import { schemasWith } from '@peakstone/kernel/inventory';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { type Furniture, hasuraGrants } from '@peakstone/migrate';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../databaseUrl.ts';
import { exposedSchemas } from '../exposedSchemas.ts';

/** What the running stack's database holds before its first migration. @throws {StackError} `notRunning` */
export async function furnitureOf(paths: StackPaths, env: EnvValues): Promise<Furniture> {
  return { ignored: schemasWith('furniture'), empty: await exposedSchemas(paths, env) };
}

/** Lets db_migrator tell Hasura's catalog what it has applied; the catalog is role hasura's. @throws {StackError} `notRunning` */
export async function openHasuraCatalog(paths: StackPaths, env: EnvValues): Promise<void> {
  const pool = createPrivilegedPool({
    url: await databaseUrl(paths, env, 'hasura'),
    name: 'peakstone migrate',
  });
  try {
    await pool.script(hasuraGrants('db_migrator'));
  } finally {
    await pool.close();
  }
}
