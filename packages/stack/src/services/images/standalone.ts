import type { EnvValues } from '../../project/envFile.ts';

/** Pictures alone, from imgproxy's own variables; resolves with its exit code. */
export async function runStandaloneImages(env: EnvValues): Promise<number> {
  // Nothing of the stack: it starts as fast as the program that it stands in for.
  const { runImages } = await import('@peakstone/images/main');
  return await runImages(env);
}
