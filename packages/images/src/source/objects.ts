/** URLs of stores, which are no URLs of the web: `scheme://bucket/key?version`, with nothing escaped. Pure. */

export interface ObjectUrl {
  readonly bucket: string;
  readonly key: string;
  /** After the separator; empty without one. */
  readonly query: string;
}

/** @param separator of the query; a key may hold any other character */
export function parseObjectUrl(url: string, separator: string): ObjectUrl {
  const rest = url.slice(url.indexOf('://') + 3);
  const slash = rest.indexOf('/');
  const bucket = slash < 0 ? rest : rest.slice(0, slash);
  const whole = slash < 0 ? '' : rest.slice(slash + 1).replace(/^\/+/, '');
  const at = separator === '' ? -1 : whole.indexOf(separator);
  return at < 0
    ? { bucket, key: whole, query: '' }
    : { bucket, key: whole.slice(0, at), query: whole.slice(at + separator.length) };
}

/** Whether a path leads up again: a URL that is made of it would lead out of what it begins with. */
export function hasDotSegments(path: string): boolean {
  return path.split(/[/\\]/).some(segment => /^(?:\.|%2e){1,2}$/i.test(segment));
}
