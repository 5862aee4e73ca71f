/** Settings of drawing and writing. Pure. */
import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import type { EngineConfig } from '../engine/types.ts';
import { webpPresets } from '../engine/vips/enums.ts';
import { type Format, savable } from '../formats.ts';
import { decimal, flag, formatsOf, megapixels, qualities, whole, word } from './read.ts';

export function readEngine(env: Env): EngineConfig {
  const preferred = formatsOf(env, 'PREFERRED_FORMATS', ['jpeg', 'png', 'gif']).filter(format =>
    savable.has(format),
  );
  if (preferred.length === 0) {
    throw new ConfigError('IMGPROXY_PREFERRED_FORMATS', 'at least one format that can be written');
  }
  const share = { least: 1, most: 100 };
  return {
    preferredFormats: preferred,
    skipFormats: formatsOf(env, 'SKIP_PROCESSING_FORMATS', []),
    watermarkOpacity: decimal(env, 'WATERMARK_OPACITY', 1, { most: 1 }),
    disableShrinkOnLoad: flag(env, 'DISABLE_SHRINK_ON_LOAD'),
    useLinearColorspace: flag(env, 'USE_LINEAR_COLORSPACE'),
    alwaysRasterizeSvg: flag(env, 'ALWAYS_RASTERIZE_SVG'),
    sanitizeSvg: flag(env, 'SANITIZE_SVG', true),
    quality: whole(env, 'QUALITY', 80, share),
    formatQuality: qualities(env, 'FORMAT_QUALITY', { webp: 79, avif: 63, jxl: 77 } satisfies Partial<
      Record<Format, number>
    >),
    stripMetadata: flag(env, 'STRIP_METADATA', true),
    keepCopyright: flag(env, 'KEEP_COPYRIGHT', true),
    stripColorProfile: flag(env, 'STRIP_COLOR_PROFILE', true),
    autoRotate: flag(env, 'AUTO_ROTATE', true),
    enforceThumbnail: flag(env, 'ENFORCE_THUMBNAIL'),
    preserveHdr: flag(env, 'PRESERVE_HDR'),
    jpegProgressive: flag(env, 'JPEG_PROGRESSIVE'),
    pngInterlaced: flag(env, 'PNG_INTERLACED'),
    pngQuantize: flag(env, 'PNG_QUANTIZE'),
    pngQuantizationColors: whole(env, 'PNG_QUANTIZATION_COLORS', 256, { least: 2, most: 256 }),
    webpPreset: word(env, 'WEBP_PRESET', Object.keys(webpPresets) as (keyof typeof webpPresets)[], 'default'),
    avifSpeed: whole(env, 'AVIF_SPEED', 8, { most: 9 }),
    webpEffort: whole(env, 'WEBP_EFFORT', 4, { least: 1, most: 6 }),
    pngUnlimited: flag(env, 'PNG_UNLIMITED'),
    svgUnlimited: flag(env, 'SVG_UNLIMITED'),
    tiffUnlimited: flag(env, 'TIFF_UNLIMITED'),
    maxSrcResolution: megapixels(env, 'MAX_SRC_RESOLUTION', 50),
    maxAnimationFrames: whole(env, 'MAX_ANIMATION_FRAMES', 1, { least: 1 }),
    maxAnimationFrameResolution: megapixels(env, 'MAX_ANIMATION_FRAME_RESOLUTION', 0),
    maxResultDimension: whole(env, 'MAX_RESULT_DIMENSION', 0),
  };
}
