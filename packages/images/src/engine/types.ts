/** What the engine's process is told and answers. Plain data: it crosses a socket. */
import type { RefusalKind } from '../errors.ts';
import type { Format } from '../formats.ts';
import type { Options } from '../options/types.ts';
import type { webpPresets } from './vips/enums.ts';

/** Settings of the engine, told once. */
export interface EngineConfig {
  readonly preferredFormats: readonly Format[];
  readonly skipFormats: readonly Format[];
  readonly watermarkOpacity: number;
  readonly disableShrinkOnLoad: boolean;
  readonly useLinearColorspace: boolean;
  readonly alwaysRasterizeSvg: boolean;
  readonly sanitizeSvg: boolean;
  readonly quality: number;
  readonly formatQuality: Readonly<Partial<Record<Format, number>>>;
  readonly stripMetadata: boolean;
  readonly keepCopyright: boolean;
  readonly stripColorProfile: boolean;
  readonly autoRotate: boolean;
  readonly enforceThumbnail: boolean;
  readonly preserveHdr: boolean;
  readonly jpegProgressive: boolean;
  readonly pngInterlaced: boolean;
  readonly pngQuantize: boolean;
  readonly pngQuantizationColors: number;
  readonly webpPreset: keyof typeof webpPresets;
  readonly avifSpeed: number;
  readonly webpEffort: number;
  readonly pngUnlimited: boolean;
  readonly svgUnlimited: boolean;
  readonly tiffUnlimited: boolean;
  readonly maxSrcResolution: number;
  readonly maxAnimationFrames: number;
  readonly maxAnimationFrameResolution: number;
  readonly maxResultDimension: number;
}

/** A picture's file, and what it is. */
export interface Picture {
  readonly format: Format;
  readonly data: Buffer;
}

export type Job =
  | { readonly kind: 'process'; readonly options: Options; readonly format: Format }
  | { readonly kind: 'info'; readonly format: Format };

export type Reply =
  | { readonly ok: true; readonly result: ProcessResult }
  | { readonly ok: false; readonly refusal: RefusalKind; readonly message: string };

export interface ProcessResult {
  readonly format: Format;
  readonly originWidth: number;
  readonly originHeight: number;
  readonly resultWidth: number;
  readonly resultHeight: number;
  /** Of an `info` job. */
  readonly info?: PictureInfo;
}

/** What can be told of a picture without drawing it. */
export interface PictureInfo {
  readonly format: Format;
  readonly mime: string;
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  readonly pages: number;
  readonly alpha: boolean;
  readonly bitsPerChannel: number;
  readonly colorspace: string;
  readonly hasColorProfile: boolean;
  readonly bytes: number;
}
