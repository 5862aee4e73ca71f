/** What imgproxy's own tests asked, and with which settings, by the names under which their hashes are kept. Pure. */

export interface GoldenRequest {
  readonly url: string;
  readonly settings: GoldenSettings;
}

/** Settings of the server, `IMGPROXY_*`; `watermark` is a file of the test data. */
type GoldenSettings = Readonly<Record<`IMGPROXY_${string}`, string>> & { readonly watermark?: string };

const preserving: GoldenSettings = { IMGPROXY_PRESERVE_HDR: 'true' };

const geometry = 'geometry.png';
const at = (options: string, source: string): string => `/unsafe/${options}/plain/local:///${source}`;

/** Null for a name that is not known. */
export function requestOf(name: string): GoldenRequest | null {
  const [suite = '', test = '', ...rest] = name.replace(/\/test\.hash$|\.hash$/, '').split('/');
  const label = rest.join('/');
  switch (suite) {
    case 'TestColorspace':
      return ofColours(test, label);
    case 'TestFlatten':
      return flattened(label);
    case 'TestWatermark':
      return watermarked(test, label);
    default: {
      const url = urlOf(suite, test, label);
      return url === null ? null : { url, settings: {} };
    }
  }
}

function urlOf(suite: string, test: string, label: string): string | null {
  switch (suite) {
    case 'TestMatrix': {
      const [source = '', target = '', file = ''] = label.split('/');
      const folder = { jpeg: 'jpg', heic: 'heif' }[source] ?? source;
      return `/unsafe/plain/local:///test-images/${folder}/${file}@${target}`;
    }
    case 'TestRotateAndFlip':
      return turned(label);
    case 'TestProcessing':
      return sized(test, label);
    case 'TestCrop':
    case 'TestExtend':
      return placed(label);
    case 'TestPadding': {
      const [, dpr, sides] = /^dpr_([\d.]+)_pad_([\d_]+)$/.exec(label) ?? [];
      return at(`dpr:${dpr}/padding:${sides?.replaceAll('_', ':')}/background:f00/enlarge:1`, geometry);
    }
    case 'TestApplyFilters': {
      const value = (filter: string): string => new RegExp(`${filter}_([\\d.]+)`).exec(label)?.[1] ?? '0';
      return at(
        `blur:${value('blur')}/sharpen:${value('sharpen')}/pixelate:${value('pixelate')}`,
        'test-images/png/png.png',
      );
    }
    case 'TestTrim':
      return trimmed(test, label);
    default:
      return null;
  }
}

function turned(label: string): string | null {
  const match = /^img-(\d)_rotate-(\d+)_flip-(true|false)_(true|false)_ar-(true|false)$/.exec(label);
  if (match === null) return null;
  const [, picture, angle, horizontal, vertical, auto] = match;
  const flip = `flip:${horizontal === 'true' ? 1 : 0}:${vertical === 'true' ? 1 : 0}`;
  return at(`rotate:${angle}/${flip}/auto_rotate:${auto === 'true' ? 1 : 0}`, `orientation-${picture}.png`);
}

function sized(test: string, label: string): string | null {
  const limited = /^([a-z-]+):(\d+)x(\d+)(.*)$/.exec(label);
  if (limited !== null) {
    const [, type, width, height, more = ''] = limited;
    const limit = /:limit:(\d+)/.exec(more)?.[1] ?? '0';
    const rotate = /_rotate:(\d+)/.exec(more)?.[1] ?? '0';
    const padding = /_padding:([\dx]+)/.exec(more)?.[1]?.replaceAll('x', ':');
    const flags = [
      ...(more.includes('_en:true') ? ['enlarge:1'] : []),
      ...(more.includes('_ex:true') ? ['extend:1'] : []),
      ...(more.includes('_exAR:true') ? ['extend_aspect_ratio:1'] : []),
      `rotate:${rotate}`,
      ...(padding === undefined ? [] : [`padding:${padding}`]),
    ];
    return at(
      [`max_result_dimension:${limit}`, `resize:${type}:${width}:${height}`, ...flags].join('/'),
      geometry,
    );
  }
  const [, size] = /^(\d+x\d+)$/.exec(label) ?? [];
  const [, kind, more] = /^TestResizeTo(FillDown|Fill|Fit)(|Enlarge|Extend|ExtendAR)$/.exec(test) ?? [];
  if (size === undefined || kind === undefined) return null;
  const type = { FillDown: 'fill-down', Fill: 'fill', Fit: 'fit' }[kind];
  const extra =
    { Enlarge: '/enlarge:1', Extend: '/extend:1', ExtendAR: '/extend_aspect_ratio:1' }[more ?? ''] ?? '';
  return at(`resize:${type}:${size.replace('x', ':')}${extra}`, geometry);
}

function placed(label: string): string | null {
  const offset = /_offset_(-?[\d.]+)_(-?[\d.]+)/.exec(label);
  // An offset of 0 was not written.
  const number = (text: string | undefined): string => (Number(text ?? 0) === 0 ? '' : String(Number(text)));
  const offsets = offset === null ? '' : `:${number(offset[1])}:${number(offset[2])}`;
  const dpr = /_dpr_([\d.]+)/.exec(label)?.[1];
  const density = dpr === undefined ? '' : `/dpr:${dpr}`;
  const [, cropped, side, across] = /^crop_gravity_([a-z]+)_crop_(\d+)x(\d+)/.exec(label) ?? [];
  if (cropped !== undefined) return at(`crop:${side}:${across}:${cropped}${offsets}${density}`, geometry);
  const [, kind, width, height] = /^(resizeFill|extend|extendAr)_(\d+)x(\d+)/.exec(label) ?? [];
  const gravity = /_gravity_([a-z]+)/.exec(label)?.[1];
  if (kind === 'resizeFill') {
    return at(
      `rs:fill:${width}:${height}${gravity === undefined ? '' : `/g:${gravity}${offsets}`}${density}`,
      geometry,
    );
  }
  if (kind !== undefined) {
    const name = kind === 'extend' ? 'extend' : 'extend_aspect_ratio';
    const place = gravity === undefined ? '' : `:${gravity}${offsets}`;
    return at(`width:${width}/height:${height}/${name}:1${place}${density}`, geometry);
  }
  return null;
}

function trimmed(test: string, label: string): string | null {
  const source = { TestThreshold: 'trim1.png', TestColor: 'trim2.png', TestAlpha: 'trim3.png' }[test];
  const [, threshold, color = ''] = /^trim_threshold_(\d+)(?:_color_#([0-9a-f]+))?/.exec(label) ?? [];
  if (source === undefined || threshold === undefined) return null;
  const equal = `${label.includes('_equalHor') ? 1 : ''}:${label.includes('_equalVer') ? 1 : ''}`;
  return at(`trim:${threshold}:${color}:${equal}`, source);
}

const picture = (name: string, format = 'png'): string => `test-images/${format}/${name}.${format}`;
const square = 'resize:fill:100:100/enlarge:1';

/** A label ends with the colours that are expected, and with the setting that a test is about. */
function ofColours(test: string, label: string): GoldenRequest | null {
  const kept = /^option-(true|false)-overrides-config-(true|false)$/.exec(label);
  if (kept !== null) {
    const [, option, setting] = kept;
    return {
      url: at(`${square}/format:png/preserve_hdr:${option}`, picture('16-bpp')),
      settings: { IMGPROXY_PRESERVE_HDR: setting! },
    };
  }
  const marked = /^(.+)-wm-(.+)-(?:srgb|bw|rgb16|grey16)$/.exec(label);
  if (marked !== null) {
    const [, source, watermark] = marked;
    return {
      url: at(`${square}/format:png/watermark:0.5`, picture(source!)),
      settings: { ...preserving, watermark: picture(watermark!) },
    };
  }
  const [, source, from, to] =
    /^(.+?)-(png|tiff)(?:-(jpeg))?-(?:srgb|bw|rgb16|grey16)(?:_linear|_no_preserve_hdr)?$/.exec(label) ?? [];
  if (source === undefined) return null;
  return {
    url: at(`${square}/format:${to ?? 'png'}`, picture(source, from)),
    settings: {
      ...(test === 'TestDownscaleHDR' ? {} : preserving),
      ...(test === 'TestLinearColorspace' ? { IMGPROXY_USE_LINEAR_COLORSPACE: 'true' } : {}),
    },
  };
}

const backgrounds: Readonly<Record<string, string>> = {
  red: '/background:255:0:0',
  gray: '/background:127:127:127',
  none: '',
};

/** A label is a picture, its background, and the format asked for or, for a PNG, the colours that are expected. */
function flattened(label: string): GoldenRequest | null {
  const [, source, colour = '', last] = /^(.+)-(red|gray|none)-([a-z0-9]+)$/.exec(label) ?? [];
  if (source === undefined) return null;
  const file = source === '32-bpp' ? picture('32-bpp-with-alpha', 'bmp') : picture(source);
  const format = last === 'jpeg' ? 'jpeg' : 'png';
  return {
    url: at(`resize:fill:300:300/enlarge:1/padding:100/format:${format}${backgrounds[colour]}`, file),
    settings: preserving,
  };
}

/** A label is a watermark's position, opacity, offsets, scale and density. */
function watermarked(test: string, label: string): GoldenRequest | null {
  const [, position, opacity, x = '', y = ''] =
    /^([a-z]+)_opacity_([\d.]+)(?:_offset_(\d+)_(\d+))?/.exec(label) ?? [];
  if (position === undefined) return null;
  const value = (name: string): string => new RegExp(`_${name}_([\\d.]+)`).exec(label)?.[1] ?? '';
  const dpr = value('dpr') === '' ? '' : `/dpr:${value('dpr')}`;
  const given = (offset: string): string => (offset === '0' ? '' : offset);
  const options = `watermark:${opacity}:${position}:${given(x)}:${given(y)}:${value('scale')}${dpr}`;
  const animated = test === 'TestWatermarkAnimation';
  return {
    url: animated
      ? at(options, picture('gif', 'gif'))
      : at(`${options}/format:png`, picture('24-bpp', 'bmp')),
    settings: { watermark: geometry },
  };
}
