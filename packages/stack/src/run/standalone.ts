import type { EnvValues } from './envFile.ts';

/** The REST API alone, with PostgREST's own command line; resolves with its exit code. */
export async function runStandaloneRest(argv: readonly string[], env: EnvValues): Promise<number> {
  const { runRest } = await import('@peakstone/rest');
  return await runRest(argv, env);
}

export interface GenerateRequest {
  /** An address of the database. */
  readonly url: string;
  readonly language: 'typescript' | 'zod';
  /** All with something to describe when empty. */
  readonly schemas: readonly string[];
}

/**
 * Types of a database's tables, views and functions, as source text.
 * @throws {ConnectionError} when it cannot be reached.
 */
export async function generateSource({ url, language, schemas }: GenerateRequest): Promise<string> {
  const { generateTypes, generateZod } = await import('@peakstone/rest');
  const { loadCatalog } = await import('@peakstone/kernel/catalog');
  const { createPool } = await import('@peakstone/kernel/pg');
  const pool = createPool({ url, size: 1, sharedSize: 0 });
  try {
    const catalog = await loadCatalog(pool);
    const generate = language === 'zod' ? generateZod : generateTypes;
    return generate(catalog, schemas.length > 0 ? { schemas } : {});
  } finally {
    await pool.close();
  }
}
