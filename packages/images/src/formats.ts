/** The formats of pictures, as one table. */

export interface FormatTraits {
  readonly mime: string;
  readonly extension: string;
  readonly alpha: boolean;
  readonly profile: boolean;
  readonly quality: boolean;
  /** Written with several frames. */
  readonly animation: boolean;
  /** Carries a smaller picture of itself that can be loaded instead. */
  readonly thumbnail: boolean;
  /** Written with 16 bits a channel. */
  readonly hdr: boolean;
  readonly vector: boolean;
}

const raster: FormatTraits = {
  mime: '',
  extension: '',
  alpha: true,
  profile: false,
  quality: false,
  animation: false,
  thumbnail: false,
  hdr: false,
  vector: false,
};

export const formats = {
  jpeg: { ...raster, mime: 'image/jpeg', extension: '.jpg', alpha: false, profile: true, quality: true },
  jxl: { ...raster, mime: 'image/jxl', extension: '.jxl', profile: true, quality: true, hdr: true },
  png: { ...raster, mime: 'image/png', extension: '.png', profile: true, hdr: true },
  webp: { ...raster, mime: 'image/webp', extension: '.webp', profile: true, quality: true, animation: true },
  gif: { ...raster, mime: 'image/gif', extension: '.gif', animation: true },
  ico: { ...raster, mime: 'image/x-icon', extension: '.ico' },
  svg: { ...raster, mime: 'image/svg+xml', extension: '.svg', vector: true },
  heic: { ...raster, mime: 'image/heif', extension: '.heic', profile: true, quality: true, thumbnail: true },
  avif: {
    ...raster,
    mime: 'image/avif',
    extension: '.avif',
    profile: true,
    quality: true,
    thumbnail: true,
    hdr: true,
  },
  bmp: { ...raster, mime: 'image/bmp', extension: '.bmp' },
  tiff: { ...raster, mime: 'image/tiff', extension: '.tiff', profile: true, quality: true, hdr: true },
} as const satisfies Readonly<Record<string, FormatTraits>>;

export type Format = keyof typeof formats;

/**
 * Formats that libvips as sharp distributes it can write, and our own codecs; the others are refused before anything is
 * fetched. Of HEIC it has the container and not the codec: asking for one fails when it is written.
 */
export const savable: ReadonlySet<Format> = new Set([
  'jpeg',
  'png',
  'webp',
  'gif',
  'avif',
  'heic',
  'tiff',
  'bmp',
  'ico',
]);

/** Formats that can be read likewise. */
export const loadable: ReadonlySet<Format> = new Set([...savable, 'svg']);

/** The format that options and extensions call so; undefined for none. Case counts. Pure. */
export function formatByName(name: string): Format | undefined {
  if (name === 'jpg') return 'jpeg';
  return Object.hasOwn(formats, name) ? (name as Format) : undefined;
}
