import type { EnvValues } from '../../project/envFile.ts';

/** The REST API alone, with PostgREST's own command line; resolves with its exit code. */
export async function runStandaloneRest(argv: readonly string[], env: EnvValues): Promise<number> {
  // Nothing of the stack: it starts as fast as the program that it stands in for.
  const { runRest } = await import('@peakstone/rest/main');
  return await runRest(argv, env);
}
