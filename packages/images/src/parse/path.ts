/** A request's path: the signature, and what it signs. Pure. */
import { ImagesError } from '../errors.ts';

export interface SignedPath {
  readonly signature: string;
  /** Without the slash that the signature counts in front of it. */
  readonly path: string;
}

/**
 * Cuts `/SIGNATURE/OPTIONS/SOURCE` and mends what proxies do to paths, before the signature is looked at.
 * @throws {ImagesError} `path`
 */
export function splitPath(target: string, prefix: string): SignedPath {
  const [whole = ''] = target.split('?', 1);
  const rest = (whole.startsWith(prefix) ? whole.slice(prefix.length) : whole).replace(/^\//, '');
  const slash = rest.indexOf('/');
  const signature = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '' : rest.slice(slash + 1);
  if (signature === '' || path === '') throw new ImagesError('path', `Invalid path: ${path}`);
  return { signature, path: mendPath(path) };
}

/** Proxies write `:` as `%3A`, and `scheme://` as `scheme:/`. */
function mendPath(path: string): string {
  const plainAt = path.startsWith('plain/') ? 0 : path.indexOf('/plain/');
  if (plainAt < 0) return path.replaceAll('%3A', ':').replace(/^\//, '');
  const options = path.slice(0, plainAt).replaceAll('%3A', ':');
  const source = path.slice(plainAt + (path.startsWith('plain/') ? 6 : 7));
  return `${options}/plain/${mendScheme(source)}`.replace(/^\//, '');
}

function mendScheme(source: string): string {
  // The last such place before a space, as far as a greedy search from the left finds it.
  const match = /^(\S+):\/([^/])/.exec(source);
  if (match === null) return source;
  const [found, scheme, next] = match;
  return source.replace(found, () => `${scheme}://${scheme === 'local' ? '/' : ''}${next}`);
}
