/**
 * URLs of pictures, for programs: typed, signed, and in the form that a loader of next/image wants. Pure. Runs where
 * node:crypto is: signing belongs to servers, since whoever has the key can have any picture made.
 */
import { encryptSource } from './parse/encrypted.ts';
import { signPath } from './parse/signature.ts';

export interface ImgUrlConfig {
  /** Where pictures are served: `https://img.example.com`, or `https://api.example.com/img`. Empty for paths alone. */
  readonly baseUrl?: string;
  /** Hexadecimal, as `IMGPROXY_KEY` and `IMGPROXY_SALT`. Without both the URL is unsigned. */
  readonly key?: string;
  readonly salt?: string;
  /** Bytes of the signature, as `IMGPROXY_SIGNATURE_SIZE`. Default 32. */
  readonly signatureSize?: number;
  /** Hexadecimal, as `IMGPROXY_SOURCE_URL_ENCRYPTION_KEY`: nobody can read the source in the URL then. */
  readonly encryptionKey?: string;
  /** Names the source in plain text in place of base64. Default false. */
  readonly plain?: boolean;
}

type GravityName = 'ce' | 'no' | 'ea' | 'so' | 'we' | 'nowe' | 'noea' | 'sowe' | 'soea';
type GravityValue =
  | GravityName
  | 'sm'
  | readonly ['fp', number, number]
  | readonly [GravityName, number, number];

/** Options by the names that URLs have in the documentation; lists are arguments in order. */
export interface ImgOptions {
  readonly resizingType?: 'fit' | 'fill' | 'fill-down' | 'force' | 'auto';
  readonly width?: number;
  readonly height?: number;
  readonly minWidth?: number;
  readonly minHeight?: number;
  readonly zoom?: number | readonly [number, number];
  readonly dpr?: number;
  readonly enlarge?: boolean;
  readonly extend?: boolean | readonly [boolean, ...Extract<GravityValue, readonly unknown[]>];
  readonly extendAspectRatio?: boolean;
  readonly gravity?: GravityValue;
  readonly crop?: readonly [number, number] | readonly [number, number, GravityName | 'sm'];
  readonly trim?: number | readonly [number, string];
  readonly padding?: number | readonly number[];
  readonly autoRotate?: boolean;
  readonly rotate?: 0 | 90 | 180 | 270;
  readonly flip?: readonly [boolean, boolean];
  readonly background?: string | readonly [number, number, number];
  readonly blur?: number;
  readonly sharpen?: number;
  readonly pixelate?: number;
  readonly watermark?: number | readonly [number, GravityName | 're', ...number[]];
  readonly stripMetadata?: boolean;
  readonly keepCopyright?: boolean;
  readonly stripColorProfile?: boolean;
  readonly quality?: number;
  readonly maxBytes?: number;
  readonly format?: 'jpg' | 'png' | 'webp' | 'avif' | 'gif' | 'tiff' | 'bmp' | 'ico' | 'svg' | 'best';
  readonly raw?: boolean;
  readonly cachebuster?: string;
  /** Unix seconds, or a date. */
  readonly expires?: number | Date;
  readonly filename?: string;
  readonly returnAttachment?: boolean;
  readonly preset?: string | readonly string[];
}

const urlNames = {
  preset: 'pr',
  resizingType: 'rt',
  width: 'w',
  height: 'h',
  minWidth: 'mw',
  minHeight: 'mh',
  zoom: 'z',
  dpr: 'dpr',
  enlarge: 'el',
  extend: 'ex',
  extendAspectRatio: 'exar',
  gravity: 'g',
  crop: 'c',
  trim: 't',
  padding: 'pd',
  autoRotate: 'ar',
  rotate: 'rot',
  flip: 'fl',
  background: 'bg',
  blur: 'bl',
  sharpen: 'sh',
  pixelate: 'pix',
  watermark: 'wm',
  stripMetadata: 'sm',
  keepCopyright: 'kcr',
  stripColorProfile: 'scp',
  quality: 'q',
  maxBytes: 'mb',
  format: 'f',
  raw: 'raw',
  cachebuster: 'cb',
  expires: 'exp',
  filename: 'fn',
  returnAttachment: 'att',
} as const satisfies Readonly<Record<keyof ImgOptions, string>>;

/**
 * The URL of a picture.
 * @param source `s3://bucket/key`, `https://…`, or what the server's base makes of it
 * @param options typed, or as a URL writes them: `rs:fill:300:200/q:80`
 * @throws {RangeError} key or salt are no hexadecimal digits, or one of them is missing
 * @example imgUrl('s3://uploads/cat.jpg', { width: 300, format: 'webp' }, { baseUrl, key, salt })
 */
export function imgUrl(source: string, options: ImgOptions | string = {}, config: ImgUrlConfig = {}): string {
  const written = typeof options === 'string' ? options.replace(/^\/+|\/+$/g, '') : writeOptions(options);
  const path = `/${written === '' ? '' : `${written}/`}${writeSource(source, config)}`;
  return `${(config.baseUrl ?? '').replace(/\/$/, '')}/${signatureOf(path, config)}${path}`;
}

/** `loader` of next/image: asks for the width and quality that the page wants. */
export function imgLoader(
  config: ImgUrlConfig,
  options: ImgOptions = {},
): (image: { readonly src: string; readonly width: number; readonly quality?: number }) => string {
  return ({ src, width, quality }) =>
    imgUrl(src, { ...options, width, ...(quality !== undefined && { quality }) }, config);
}

function writeSource(source: string, { plain, encryptionKey }: ImgUrlConfig): string {
  if (encryptionKey) {
    return `enc/${encryptSource(source, readHex('encryption key', encryptionKey)).toString('base64url')}`;
  }
  return plain
    ? `plain/${encodeURIComponent(source).replaceAll('%2F', '/').replaceAll('%3A', ':')}`
    : Buffer.from(source).toString('base64url');
}

function writeOptions(options: ImgOptions): string {
  const entries = Object.entries(urlNames) as [keyof ImgOptions, string][];
  return entries
    .filter(([key]) => options[key] !== undefined)
    .map(([key, name]) => `${name}:${writeValue(key, options[key])}`)
    .join('/');
}

function writeValue(key: keyof ImgOptions, value: unknown): string {
  if (value instanceof Date) return String(Math.floor(value.getTime() / 1000));
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) return value.map(each => writeValue(key, each)).join(':');
  // A name may hold what would end it.
  if (key === 'filename') return `${Buffer.from(String(value)).toString('base64url')}:1`;
  return encodeURIComponent(String(value));
}

function signatureOf(path: string, { key, salt, signatureSize }: ImgUrlConfig): string {
  if (!key && !salt) return 'unsafe';
  const [keyBytes, saltBytes] = [readHex('key', key), readHex('salt', salt)];
  return signPath(path, { key: keyBytes, salt: saltBytes }, signatureSize).toString('base64url');
}

function readHex(name: string, text: string | undefined): Buffer {
  // A secret: what it is is not repeated.
  if (!text || !/^(?:[0-9a-fA-F]{2})+$/.test(text)) {
    throw new RangeError(`The ${name} must be pairs of hexadecimal digits.`);
  }
  return Buffer.from(text, 'hex');
}
