import type { EnvValues } from '../../project/envFile.ts';

/** The object storage alone, with the command line of `minio server`; resolves with its exit code. */
export async function runStandaloneStorage(argv: readonly string[], env: EnvValues): Promise<number> {
  const { runStorage } = await import('@peakstone/storage/main');
  return await runStorage(argv, env);
}
