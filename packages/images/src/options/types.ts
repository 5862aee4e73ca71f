/** What a URL asks for. All optional: absent means the setting's or imgproxy's default. */
import type { Format } from '../formats.ts';

export const resizingTypes = ['fit', 'fill', 'fill-down', 'force', 'auto'] as const;
export type ResizingType = (typeof resizingTypes)[number];

export const gravityTypes = [
  'ce',
  'no',
  'ea',
  'so',
  'we',
  'nowe',
  'noea',
  'sowe',
  'soea',
  'sm',
  'fp',
  're',
] as const;
export type GravityType = (typeof gravityTypes)[number];

/** Where something stands: offsets of 1 and more are pixels, below a share of the picture; of `fp` always a share. */
export interface Gravity {
  type?: GravityType | undefined;
  x?: number | undefined;
  y?: number | undefined;
}

export interface Rgb {
  readonly r: number;
  readonly g: number;
  readonly b: number;
}

/** Options of one pass over the picture; a chained pipeline has several. */
export interface PassOptions {
  resizingType?: ResizingType;
  width?: number;
  height?: number;
  minWidth?: number;
  minHeight?: number;
  zoomWidth?: number;
  zoomHeight?: number;
  dpr?: number;
  enlarge?: boolean;
  extend?: boolean;
  extendGravity?: Gravity;
  extendAspectRatio?: boolean;
  extendAspectRatioGravity?: Gravity;
  gravity?: Gravity;
  /** 0 keeps the side; 1 and more are pixels, below a share. */
  cropWidth?: number;
  cropHeight?: number;
  cropGravity?: Gravity;
  trimThreshold?: number | undefined;
  trimColor?: Rgb | undefined;
  trimEqualHorizontal?: boolean;
  trimEqualVertical?: boolean;
  paddingTop?: number | undefined;
  paddingRight?: number | undefined;
  paddingBottom?: number | undefined;
  paddingLeft?: number | undefined;
  autoRotate?: boolean;
  /** Degrees, a multiple of 90. */
  rotate?: number;
  flipHorizontal?: boolean;
  flipVertical?: boolean;
  background?: Rgb | undefined;
  blur?: number;
  sharpen?: number;
  pixelate?: number;
  watermarkOpacity?: number;
  watermarkPosition?: GravityType;
  watermarkX?: number;
  watermarkY?: number;
  watermarkScale?: number;
}

export interface Options extends PassOptions {
  stripMetadata?: boolean;
  keepCopyright?: boolean;
  stripColorProfile?: boolean;
  preserveHdr?: boolean;
  enforceThumbnail?: boolean;
  quality?: number;
  formatQuality?: Partial<Record<Format, number>>;
  maxBytes?: number;
  format?: Format | undefined;
  /** Of the formats that the client takes, the one that makes the smallest file. */
  best?: boolean;
  /** What `best` may choose besides what everybody takes. */
  accepts?: Format[];
  skipProcessing?: Format[];
  raw?: boolean;
  cacheBuster?: string | undefined;
  /** Unix seconds. */
  expires?: number;
  filename?: string;
  returnAttachment?: boolean;
  /** Pixels. */
  maxSrcResolution?: number;
  maxSrcFileSize?: number;
  maxAnimationFrames?: number;
  maxAnimationFrameResolution?: number;
  maxResultDimension?: number;
  /** What the client takes, of the settings' AUTO_ and ENFORCE_ formats. */
  prefer?: PreferredFormats;
  /** Further passes of a chained pipeline, in order. */
  next?: PassOptions[];
}

export interface PreferredFormats {
  readonly webp: boolean;
  readonly avif: boolean;
  readonly jxl: boolean;
  readonly enforceWebp: boolean;
  readonly enforceAvif: boolean;
  readonly enforceJxl: boolean;
}
