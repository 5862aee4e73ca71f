import type { EnvValues } from '../../project/envFile.ts';

/** GraphQL alone, with the reference's own settings; resolves with its exit code. */
export async function runStandaloneGraphql(argv: readonly string[], env: EnvValues): Promise<number> {
  // Nothing of the stack: it starts as fast as the program that it stands in for.
  const { runGraphql } = await import('@peakstone/graphql/main');
  return await runGraphql(argv, env);
}
