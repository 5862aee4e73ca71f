/** The end of a path: where the picture comes from, and the format that it shall have. Pure. */
import { ImagesError } from '../errors.ts';
import { parseSourceUrl, type SourceUrl } from '../source/sourceUrl.ts';
import { decryptSource } from './encrypted.ts';

export interface SourceConfig {
  /** Put before each source that does not begin with it. */
  readonly baseUrl: string;
  /** Beginnings of sources that are whole, without the base. */
  readonly wholeSources?: readonly string[];
  readonly replacements: readonly Replacement[];
  /** Of the query of a store's URL. */
  readonly querySeparator: string;
  /** Whether the last part of an encoded source is a name for readers alone. */
  readonly filenameInUrl: boolean;
  /** Of sources that are encrypted; null where there are none. */
  readonly encryptionKey: Buffer | null;
}

export interface Replacement {
  readonly pattern: RegExp;
  readonly replacement: string;
}

export interface Source {
  readonly url: SourceUrl;
  /** Empty when the URL says none. */
  readonly extension: string;
}

const invalid = (message: string): ImagesError => new ImagesError('path', message);

/** @throws {ImagesError} `path` */
export function parseSource(parts: readonly string[], config: SourceConfig): Source {
  if (parts.length === 0) throw invalid('Image URL is empty');
  if (parts[0] === 'plain' && parts.length > 1) return parsePlain(parts.slice(1).join('/'), config);
  const encrypted = config.encryptionKey !== null && parts[0] === 'enc' && parts.length > 1;
  const encoded = encrypted ? parts.slice(1) : parts;
  const named = config.filenameInUrl && encoded.length > 1;
  return parseEncoded((named ? encoded.slice(0, -1) : encoded).join(''), config, encrypted);
}

function parsePlain(text: string, config: SourceConfig): Source {
  const { source, extension } = cutExtension(text, '@');
  try {
    return { url: preprocess(decodeURIComponent(source), config), extension };
  } catch {
    // Bytes that are no UTF-8 are a name for some file systems; a bad escape is nobody's.
    if (/%(?![0-9A-Fa-f]{2})/.test(source)) throw invalid(`Invalid url encoding: ${text}`);
    return { url: preprocess(unescapeBytes(source), config), extension };
  }
}

function unescapeBytes(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

function parseEncoded(text: string, config: SourceConfig, encrypted: boolean): Source {
  const { source, extension } = cutExtension(text, '.');
  const stripped = source.replace(/=+$/, '');
  if (!/^[A-Za-z0-9_-]*$/.test(stripped) || stripped.length % 4 === 1) {
    throw invalid(`Invalid url encoding: ${text}`);
  }
  const bytes = Buffer.from(stripped, 'base64url');
  const { encryptionKey: key } = config;
  const url = encrypted && key !== null ? decryptSource(bytes, key) : bytes.toString();
  if (url === undefined) throw invalid('The source cannot be decrypted');
  return { url: preprocess(url, config), extension };
}

function cutExtension(text: string, mark: string): { readonly source: string; readonly extension: string } {
  const [source = '', extension = '', ...more] = text.split(mark);
  if (source === '') throw invalid('Image URL is empty');
  if (more.length > 0) throw invalid(`Multiple formats are specified: ${text}`);
  return { source, extension };
}

/** Replacements first, then the base, unless it is there already. */
export function preprocess(url: string, config: SourceConfig): SourceUrl {
  const { baseUrl, replacements, querySeparator, wholeSources = [] } = config;
  let replaced = url;
  for (const { pattern, replacement } of replacements) replaced = replaced.replace(pattern, replacement);
  const isWhole = baseUrl === '' || [baseUrl, ...wholeSources].some(prefix => replaced.startsWith(prefix));
  return parseSourceUrl(isWhole ? replaced : baseUrl + replaced, querySeparator);
}
