/** All schemes, as one table. */
import { ImagesError } from '../errors.ts';
import type { SourceReader } from './types.ts';

export type Schemes = ReadonlyMap<string, SourceReader>;

/** @throws {ImagesError} `unreachable`: nobody reads such a URL */
export function readSource(schemes: Schemes): SourceReader {
  return async request => {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(request.url)?.[1]?.toLowerCase() ?? '';
    const read = schemes.get(scheme);
    if (read !== undefined) return await read(request);
    const setting = settings[scheme];
    const hint = setting === undefined ? '' : ` (set ${setting} to enable)`;
    throw new ImagesError('unreachable', `Unknown scheme: ${scheme}${hint}`);
  };
}

const settings: Readonly<Record<string, string>> = {
  local: 'IMGPROXY_LOCAL_FILESYSTEM_ROOT',
  s3: 'IMGPROXY_USE_S3',
};
