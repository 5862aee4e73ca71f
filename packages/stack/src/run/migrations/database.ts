import { schemasMadeBy } from '@peakstone/kernel/inventory';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import { type FolderFormat, type Furniture, formats } from '@peakstone/migrate';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../databaseUrl.ts';
import { exposedSchemas } from '../exposedSchemas.ts';

/** What the running stack's database holds before its first migration. @throws {StackError} `notRunning` */
export async function furnitureOf(paths: StackPaths, env: EnvValues): Promise<Furniture> {
  return { ignored: schemasMadeBy('bootstrap'), empty: await exposedSchemas(paths, env) };
}

/**
 * Lets db_migrator tell what it has applied where the history of a folder's format is in the schema of another account, such as
 * Hasura's catalog. @throws {StackError} `notRunning`
 */
export async function openHistory(format: FolderFormat, paths: StackPaths, env: EnvValues): Promise<void> {
  const { lender } = formats[format];
  if (lender === null) return;
  const pool = createPrivilegedPool({
    url: await databaseUrl(paths, env, lender.role),
    name: 'peakstone migrate',
  });
  try {
    await pool.script(lender.grants('db_migrator'));
  } finally {
    await pool.close();
  }
}
