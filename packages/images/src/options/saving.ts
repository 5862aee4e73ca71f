/** How the result is written. */
import { ImagesError } from '../errors.ts';
import { atMost, readBoolean, readCount, readFormat, readQuality, single } from './arguments.ts';
import type { OptionDefinition } from './definition.ts';
import type { Options } from './types.ts';

type Flag = 'stripMetadata' | 'keepCopyright' | 'stripColorProfile' | 'preserveHdr' | 'enforceThumbnail';

function flag(
  name: string,
  alias: string,
  key: Flag,
  on: string,
  summary: string,
  example: string,
): OptionDefinition {
  return {
    name,
    aliases: [alias],
    arguments: `%${name}`,
    summary,
    default: on,
    example,
    whole: true,
    apply(options, args) {
      options[key] = readBoolean(single(name, args));
    },
  };
}

/** The format that a URL's extension or `format` names; `best` leaves the choice to us. @throws {ImagesError} `option` */
export function applyFormat(options: Options, text: string): void {
  options.best = text === 'best';
  options.format = options.best ? undefined : readFormat('format', text);
}

export const savingOptions: readonly OptionDefinition[] = [
  flag('strip_metadata', 'sm', 'stripMetadata', '1', 'whether EXIF, IPTC and XMP go', 'sm:0/w:200'),
  flag('keep_copyright', 'kcr', 'keepCopyright', '1', 'whether their copyright stays then', 'kcr:1/w:200'),
  flag(
    'strip_color_profile',
    'scp',
    'stripColorProfile',
    '1',
    'whether the colours are turned into sRGB, and the profile goes',
    'scp:0/w:200',
  ),
  flag('preserve_hdr', 'ph', 'preserveHdr', '0', 'whether 16 bits a channel stay 16', 'ph:1/w:200/f:png'),
  flag(
    'enforce_thumbnail',
    'eth',
    'enforceThumbnail',
    '0',
    'whether the thumbnail inside HEIC and AVIF stands for the picture',
    'eth:1/w:200',
  ),
  {
    name: 'quality',
    aliases: ['q'],
    arguments: '%quality',
    summary: 'from 1 to 100; 0 for the setting',
    default: '0',
    example: 'w:200/q:20/f:jpg',
    whole: true,
    apply(options, args) {
      options.quality = readQuality('quality', single('quality', args));
    },
  },
  {
    name: 'format_quality',
    aliases: ['fq'],
    arguments: '%format1:%quality1:%format2:%quality2:…',
    summary: 'the quality of each format',
    default: 'IMGPROXY_FORMAT_QUALITY',
    example: 'w:200/fq:jpg:20:webp:30/f:jpg',
    whole: true,
    apply(options, args) {
      if (args.length % 2 !== 0) {
        throw new ImagesError('option', `Missing format_quality for: ${args.at(-1)}`);
      }
      const qualities = { ...options.formatQuality };
      for (let i = 0; i < args.length; i += 2) {
        const format = readFormat('format_quality', args[i] ?? '');
        qualities[format] = readQuality(`format_quality.${format}`, args[i + 1] ?? '');
      }
      options.formatQuality = qualities;
    },
  },
  {
    name: 'max_bytes',
    aliases: ['mb'],
    arguments: '%bytes',
    summary: 'lowers the quality until the file is no larger, as far as that goes',
    default: '0',
    example: 'w:240/mb:3000/f:jpg',
    whole: true,
    apply(options, args) {
      options.maxBytes = readCount('max_bytes', single('max_bytes', args));
    },
  },
  {
    name: 'format',
    aliases: ['f', 'ext'],
    arguments: '%extension',
    summary: 'the format of the result; best picks the smallest that the client takes',
    default: 'the source’s when preferred, else by Accept',
    example: 'w:200/f:webp',
    whole: true,
    apply(options, args) {
      applyFormat(options, single('format', args));
    },
  },
  {
    name: 'skip_processing',
    aliases: ['skp'],
    arguments: '%extension1:%extension2:…',
    summary: 'sources of these formats are passed through as they are',
    default: 'IMGPROXY_SKIP_PROCESSING_FORMATS',
    example: 'skp:jpg/w:200',
    whole: true,
    apply(options, args) {
      const formats = new Set(options.skipProcessing);
      for (const text of args) formats.add(readFormat('skip_processing', text));
      options.skipProcessing = [...formats];
    },
  },
  {
    name: 'raw',
    aliases: [],
    arguments: '%raw',
    summary: 'streams the source without looking at it',
    default: '0',
    example: 'raw:1',
    whole: true,
    apply(options, args) {
      options.raw = readBoolean(single('raw', args));
    },
  },
  {
    name: 'cachebuster',
    aliases: ['cb'],
    arguments: '%string',
    summary: 'changes nothing but the URL',
    default: 'none',
    example: 'cb:v2/w:200',
    whole: true,
    apply(options, args) {
      options.cacheBuster = single('cachebuster', args) || undefined;
    },
  },
];

export const answerOptions: readonly OptionDefinition[] = [
  {
    name: 'expires',
    aliases: ['exp'],
    arguments: '%timestamp',
    summary: 'Unix seconds after which the URL is 404',
    default: 'never',
    example: 'exp:4102444800/w:200',
    whole: true,
    apply(options, args, clock) {
      const text = single('expires', args);
      if (!/^[+-]?\d{1,16}$/.test(text)) {
        throw new ImagesError('option', `Invalid expires: ${text} (expected unix timestamp)`);
      }
      const timestamp = Number(text);
      if (timestamp > 0 && timestamp < clock()) throw new ImagesError('option', 'Expired URL');
      options.expires = timestamp;
    },
  },
  {
    name: 'filename',
    aliases: ['fn'],
    arguments: '%filename:%encoded',
    summary: 'the name of the file in Content-Disposition; base64 with a second argument of 1',
    default: 'the source’s',
    example: 'fn:portrait/w:200',
    whole: true,
    apply(options, args) {
      atMost('filename', args, 2);
      const text = args[0] ?? '';
      if (!readBoolean(args[1] ?? '')) {
        options.filename = text;
        return;
      }
      const stripped = text.replace(/=+$/, '');
      if (!/^[A-Za-z0-9_-]*$/.test(stripped) || stripped.length % 4 === 1) {
        throw new ImagesError(
          'option',
          `Invalid filename: ${text} (expected URL-safe base64-encoded string)`,
        );
      }
      options.filename = Buffer.from(stripped, 'base64url').toString();
    },
  },
  {
    name: 'return_attachment',
    aliases: ['att'],
    arguments: '%return_attachment',
    summary: 'whether browsers save the file instead of showing it',
    default: '0',
    example: 'att:1/w:200',
    whole: true,
    apply(options, args) {
      options.returnAttachment = readBoolean(single('return_attachment', args));
    },
  },
];
