/** All schemes, as one table. */
import { ImagesError } from '../errors.ts';
import type { ObjectReader, SourceReader, WebReader } from './types.ts';

export interface Schemes {
  readonly web: WebReader;
  /** By their names; null where the settings do not have them. */
  readonly objects: ReadonlyMap<string, ObjectReader | null>;
}

/** What makes a scheme be read. */
const settings: ReadonlyMap<string, string> = new Map([
  ['local', 'IMGPROXY_LOCAL_FILESYSTEM_ROOT'],
  ['s3', 'IMGPROXY_USE_S3'],
]);

/** @throws {ImagesError} `unreachable`: nobody reads such a URL */
export function readSource({ web, objects }: Schemes): SourceReader {
  return async ({ source, ...request }) => {
    if (source.kind === 'web') return await web({ ...request, source });
    if (source.kind === 'unreadable') throw new ImagesError('unreachable', source.reason);
    const read = objects.get(source.scheme) ?? null;
    if (read !== null) return await read({ ...request, source });
    const setting = settings.get(source.scheme);
    const hint = setting === undefined ? '' : ` (set ${setting} to enable)`;
    throw new ImagesError('unreachable', `Unknown scheme: ${source.scheme}${hint}`);
  };
}
