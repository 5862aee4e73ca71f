/** What commands do with pictures: serve them alone, and name them. */
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { imagesSettings } from '../services/images/environment.ts';

export { runStandaloneImages } from '../services/images/standalone.ts';

export interface ImageUrlRequest {
  /** `s3://BUCKET/KEY`, `https://…`, or what IMGPROXY_BASE_URL makes of it. */
  readonly source: string;
  /** As URLs write them: `rs:fill:300:200/q:80`. */
  readonly options: string;
  /** Where pictures are served; without it, the path alone. */
  readonly base?: string | undefined;
  /** Names the source in plain text. */
  readonly plain: boolean;
}

/** A signed URL; and why it would not be answered, where this folder's settings do not let its source be fetched. */
export interface SignedImageUrl {
  readonly url: string;
  readonly refused: string | null;
}

/**
 * A signed URL, by the key and the salt of the environment or of the stack; null where there are none.
 * @throws {RangeError} they are no key and no salt; {ImageOptionsError} the service would refuse the options;
 * {ConfigError} naming the setting or the line of `.env` that cannot be read
 */
export async function signImageUrl(
  paths: StackPaths,
  env: EnvValues,
  { source, options, base, plain }: ImageUrlRequest,
): Promise<SignedImageUrl | null> {
  const { stackValues } = await import('../run/stackValues.ts');
  const { imgUrl } = await import('@peakstone/images/url');
  const { checkUrl } = await import('@peakstone/images/check');
  const values = await stackValues(paths, env);
  // The first pair is the one that new URLs are signed with.
  const [key] = (values.IMGPROXY_KEY || values.IMGPROXY_KEY_HEX || '').split(',');
  const [salt] = (values.IMGPROXY_SALT || values.IMGPROXY_SALT_HEX || '').split(',');
  if (!key || !salt) return null;
  const path = imgUrl(source, options, {
    ...{ key, salt, plain },
    ...(values.IMGPROXY_SIGNATURE_SIZE && { signatureSize: Number(values.IMGPROXY_SIGNATURE_SIZE) }),
  });
  // Whose key is given in the service's own words has its other settings beside it.
  const settings = values.IMGPROXY_KEY ? values : imagesSettings(values, null);
  const refused = checkUrl(path, options, settings);
  if (refused?.part === 'options') throw new ImageOptionsError(refused.reason);
  return { url: `${(base ?? '').replace(/\/$/, '')}${path}`, refused: refused?.reason ?? null };
}

/** Options of a picture that no service would take; the message says which, and why. */
export class ImageOptionsError extends Error {
  override readonly name = 'ImageOptionsError';
}
