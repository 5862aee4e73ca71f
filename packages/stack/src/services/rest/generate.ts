import type { Pool } from '@peakstone/kernel/pg';
import { StackError } from '../../project/errors.ts';

export interface GenerateRequest {
  /** An address of the database. */
  readonly url: string;
  readonly language: 'typescript' | 'zod';
  /** All with something to describe when empty. */
  readonly schemas: readonly string[];
}

/**
 * Types of a database's tables, views and functions, as source text.
 * @throws {ConnectionError} when it cannot be reached. @throws {StackError} `config` when a schema named does not exist.
 */
export async function generateSource({ url, language, schemas }: GenerateRequest): Promise<string> {
  const { generateTypes, generateZod } = await import('@peakstone/rest');
  const { loadCatalog } = await import('@peakstone/kernel/catalog');
  const { createPrivilegedPool } = await import('@peakstone/kernel/pg');
  const pool = createPrivilegedPool({ url, name: 'peakstone gen' });
  try {
    await assertSchemas(pool, schemas);
    const catalog = await loadCatalog(pool);
    const generate = language === 'zod' ? generateZod : generateTypes;
    return generate(catalog, schemas.length > 0 ? { schemas } : {});
  } finally {
    await pool.close();
  }
}

/** A file without any types would say nothing of a misspelt name. */
async function assertSchemas(pool: Pool, wanted: readonly string[]): Promise<void> {
  const { rows } = await pool.query(
    "select nspname from pg_catalog.pg_namespace where nspname !~ '^pg_(?:toast|temp)' order by nspname",
  );
  const known = rows.map(row => String(row[0]));
  const missing = wanted.find(name => !known.includes(name));
  if (missing === undefined) return;
  const own = known.filter(name => name !== 'pg_catalog' && name !== 'information_schema');
  throw new StackError('config', `There is no schema '${missing}' in the database.`, {
    hint: `There are: ${own.join(', ')}.`,
  });
}
