import type { ImgUrlConfig } from '@peakstone/images/url';
import type { EnvValues } from '../../project/envFile.ts';

/** Pictures alone, from imgproxy's own variables; resolves with its exit code. */
export async function runStandaloneImages(env: EnvValues): Promise<number> {
  // Nothing of the stack: it starts as fast as the program that it stands in for.
  const { runImages } = await import('@peakstone/images/main');
  return await runImages(env);
}

/** A signed URL. @throws {RangeError} key or salt are none */
export async function signImageUrl(source: string, options: string, config: ImgUrlConfig): Promise<string> {
  const { imgUrl } = await import('@peakstone/images/url');
  return imgUrl(source, options, config);
}
