import type { EnvValues } from './env-file.ts';

/** The REST API alone, with PostgREST's own command line; resolves with its exit code. */
export async function runStandaloneRest(argv: readonly string[], env: EnvValues): Promise<number> {
  const { runRest } = await import('@peakstone/rest');
  return await runRest(argv, env);
}
