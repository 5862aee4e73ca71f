import { imgUrl } from '@peakstone/images/url';
import { readUrl } from '@peakstone/kernel/config';
import type { StorageDeps } from '@peakstone/storage';
import type { EnvValues } from '../../project/envFile.ts';

/** How the storage has pictures made, where there is a service of them. @throws {ConfigError} naming the variable */
export function picturesOf(env: EnvValues): StorageDeps['render'] {
  if (!env.PEAKSTONE_STORAGE_IMAGES_URL || !env.PEAKSTONE_STORAGE_ORIGIN) return undefined;
  const config = {
    baseUrl: readUrl(env, 'PEAKSTONE_STORAGE_IMAGES_URL').href,
    ...(env.IMGPROXY_KEY_HEX && { key: env.IMGPROXY_KEY_HEX }),
    ...(env.IMGPROXY_SALT_HEX && { salt: env.IMGPROXY_SALT_HEX }),
  };
  return {
    ownOrigin: readUrl(env, 'PEAKSTONE_STORAGE_ORIGIN').origin,
    url: (source, options) => imgUrl(source, options, config),
  };
}
