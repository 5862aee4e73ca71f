import { ConfigError, readList } from '@peakstone/kernel/config';
import { schemasWith } from '@peakstone/kernel/inventory';
import type { Env } from '@peakstone/kernel/service';

/**
 * `DATABASE_SCHEMAS`: the application's schemas, each once; undefined where nobody names them.
 * @throws {ConfigError} one of them is the server's own, or the stack's, or several in one
 */
export function readSchemas(env: Env): readonly string[] | undefined {
  const named = readList(env, 'DATABASE_SCHEMAS', { default: undefined });
  if (named === undefined) return undefined;
  const schemas = [...new Set(named)];
  // A schema could have such a name; whoever writes one has separated several.
  const several = schemas.find(name => /[\s;:|"'`]/.test(name));
  if (several !== undefined)
    throw new ConfigError('DATABASE_SCHEMAS', 'names separated by commas', { got: several });
  const ours = schemasWith('reserved');
  const reserved = schemas.find(name => /^pg_|^information_schema$/.test(name) || ours.includes(name));
  if (reserved !== undefined) {
    throw new ConfigError('DATABASE_SCHEMAS', "names of the application's schemas, not of reserved ones", {
      got: reserved,
    });
  }
  return schemas;
}
