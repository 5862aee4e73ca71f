/**
 * Where a picture comes from. Its text is read here and nowhere else: what is allowed, fetched, kept and told is of the same
 * reading. Pure.
 */
import { isIP } from 'node:net';
import { ImagesError } from '../errors.ts';

interface Written {
  /** With the base before it, and what is replaced in it. */
  readonly text: string;
  /** In lower case; empty without one. */
  readonly scheme: string;
}

export interface WebUrl extends Written {
  readonly kind: 'web';
  readonly url: URL;
}

/** Of a store: `scheme://bucket/key?query`, in which nothing is escaped. */
export interface ObjectUrl extends Written {
  readonly kind: 'object';
  readonly bucket: string;
  readonly key: string;
  /** After the separator; empty without one. */
  readonly query: string;
}

/** Nobody can fetch it. */
export interface UnreadableUrl extends Written {
  readonly kind: 'unreadable';
  readonly reason: string;
}

export type SourceUrl = WebUrl | ObjectUrl | UnreadableUrl;

/** @param separator of the query of a store's URL; a key may hold any other character */
export function parseSourceUrl(text: string, separator: string): SourceUrl {
  const [begin = '', name = ''] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  const scheme = name.toLowerCase();
  if (scheme === '') return { kind: 'unreadable', text, scheme, reason: 'Unknown scheme' };
  if (scheme !== 'http' && scheme !== 'https') {
    return { kind: 'object', text, scheme, ...cutObject(text.slice(begin.length), separator) };
  }
  const url = parseWebUrl(text);
  return typeof url === 'string'
    ? { kind: 'unreadable', text, scheme, reason: url }
    : { kind: 'web', text, scheme, url };
}

function cutObject(rest: string, separator: string): Pick<ObjectUrl, 'bucket' | 'key' | 'query'> {
  const slash = rest.indexOf('/');
  const bucket = slash < 0 ? rest : rest.slice(0, slash);
  const whole = slash < 0 ? '' : rest.slice(slash + 1).replace(/^\/+/, '');
  const at = separator === '' ? -1 : whole.indexOf(separator);
  return at < 0
    ? { bucket, key: whole, query: '' }
    : { bucket, key: whole.slice(0, at), query: whole.slice(at + separator.length) };
}

/** An address of the web, or of a redirect from one; else why it is none. */
export function parseWebUrl(text: string, base?: URL): URL | string {
  const url = URL.parse(text, base?.href);
  if (url === null || /%(?![0-9A-Fa-f]{2})/.test(text) || /[\x00-\x1f\x7f]/.test(text)) {
    return 'The source’s URL cannot be read.';
  }
  // Numbers that only browsers take for an address are no names either.
  if (isIP(url.hostname) === 4 && !text.includes(url.hostname) && /^[a-z]+:/i.test(text)) {
    return 'The source’s host is no name and no address.';
  }
  return /^https?:$/.test(url.protocol) ? url : `Unknown scheme ${url.protocol}`;
}

/** What is asked for in the end, as text; null where that cannot be told from the URL. */
export function reached(source: SourceUrl): string | null {
  switch (source.kind) {
    case 'web':
      return `${source.url.origin}${source.url.pathname}${source.url.search}`;
    case 'object':
      return hasDotSegments(`${source.key}/${source.query}`) || /[\x00-\x1f\x7f\\]/.test(source.text)
        ? null
        : source.text;
    case 'unreadable':
      return null;
  }
}

/** Whether a path leads up again: a URL that is made of it would lead out of what it begins with. */
export function hasDotSegments(path: string): boolean {
  return path.split(/[/\\]/).some(segment => /^(?:\.|%2e){1,2}$/i.test(segment));
}

/** A beginning of sources that are allowed: as it is written, and as what it leads to is. */
export interface SourcePattern {
  readonly written: RegExp;
  readonly reached: RegExp;
}

/** @throws {ImagesError} `sourceUrl`: it begins with none of the patterns, or leads out of them again */
export function assertAllowed(source: SourceUrl, allowed: readonly SourcePattern[]): void {
  if (allowed.length === 0) return;
  const end = reached(source);
  const isAllowed =
    end !== null && allowed.some(pattern => pattern.written.test(source.text) && pattern.reached.test(end));
  if (!isAllowed) throw new ImagesError('sourceUrl', `Source URL is not allowed: ${source.text}`);
}
