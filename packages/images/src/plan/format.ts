/** Which format the result has. Pure. */
import { ImagesError } from '../errors.ts';
import { type Format, formats, savable } from '../formats.ts';
import type { Options } from '../options/types.ts';
import { hasPadding } from './sizes.ts';

export interface FormatFacts {
  readonly source: Format;
  readonly animated: boolean;
  readonly alpha: boolean;
  /** IMGPROXY_PREFERRED_FORMATS, at least one. */
  readonly preferred: readonly Format[];
}

/** @throws {ImagesError} `format`: it is none that can be written */
export function planFormat(options: Options, facts: FormatFacts): Format {
  const format = options.format === undefined ? chooseFormat(options, facts) : enforceFormat(options, facts);
  if (!savable.has(format)) {
    throw new ImagesError('format', `Resulting image format is not supported: ${format}`);
  }
  return format;
}

/** The formats among which `best` chooses, the first one being what everybody takes. */
export function planCandidates(
  { accepts = [] }: Options,
  facts: FormatFacts,
): readonly [Format, ...Format[]] {
  const accepted = accepts.filter(format => !facts.animated || formats[format].animation);
  if (facts.animated) return ['gif', ...accepted];
  if (facts.alpha) return ['png', ...accepted];
  // Drawings of few colours are smaller without loss than with it.
  const drawn: readonly Format[] = ['png', 'gif', 'svg', 'bmp', 'ico'];
  return drawn.includes(facts.source) ? ['jpeg', 'png', ...accepted] : ['jpeg', ...accepted];
}

function chooseFormat({ prefer, ...options }: Options, facts: FormatFacts): Format {
  if (prefer?.jxl && !facts.animated) return 'jxl';
  if (prefer?.avif && !facts.animated) return 'avif';
  if (prefer?.webp) return 'webp';
  if (facts.preferred.includes(facts.source)) return facts.source;
  const transparent =
    options.background === undefined && (facts.alpha || hasPadding(options) || options.extend === true);
  const suits = (format: Format): boolean =>
    (!facts.animated || formats[format].animation) && (!transparent || formats[format].alpha);
  return facts.preferred.find(suits) ?? facts.preferred[0] ?? 'jpeg';
}

function enforceFormat({ format, prefer }: Options, { animated }: FormatFacts): Format {
  // SVG is no format that a picture is drawn in, whatever the client takes.
  if (format === 'svg') return format;
  if (prefer?.enforceJxl && !animated) return 'jxl';
  if (prefer?.enforceAvif && !animated) return 'avif';
  if (prefer?.enforceWebp) return 'webp';
  return format as Format;
}

/** Whether a source is passed on as it is, SVG sanitised. */
export function skipsProcessing(
  options: Options,
  source: Format,
  config: { readonly skipFormats: readonly Format[]; readonly alwaysRasterizeSvg: boolean },
): boolean {
  const { format } = options;
  const skips = config.skipFormats.includes(source) || (options.skipProcessing ?? []).includes(source);
  if (source !== 'svg') return skips && (format === undefined || format === source) && !options.best;
  if (format === 'svg') return true;
  return format === undefined && !options.best && (skips || !config.alwaysRasterizeSvg);
}

/** The quality that a result of this format is written with. */
export function planQuality(
  options: Options,
  format: Format,
  config: { readonly quality: number; readonly formatQuality: Readonly<Partial<Record<Format, number>>> },
): number {
  return options.quality || options.formatQuality?.[format] || config.formatQuality[format] || config.quality;
}

/** The quality to try after one made a file too large; it always falls. */
export function nextQuality(quality: number, bytes: number, maxBytes: number): number {
  const over = bytes / maxBytes;
  const factor = over > 3 ? 0.25 : over > 1.5 ? 0.5 : 0.75;
  return Math.max(1, Math.min(quality - 1, Math.floor(quality * factor + 0.5)));
}
