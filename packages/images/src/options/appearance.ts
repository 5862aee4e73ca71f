/** How the picture looks: turned, flattened, filtered, marked. */
import {
  atMost,
  given,
  invalid,
  readAmount,
  readBoolean,
  readCount,
  readFactor,
  readHexColor,
  readInteger,
  readNumber,
  readWord,
  single,
} from './arguments.ts';
import type { OptionDefinition } from './definition.ts';
import { watermarkGravities } from './gravity.ts';

function channel(name: string, text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255) {
    throw invalid(`background.${name}`, text, 'number in range 0-255');
  }
  return Number(text);
}

export const appearanceOptions: readonly OptionDefinition[] = [
  {
    name: 'auto_rotate',
    aliases: ['ar'],
    arguments: '%auto_rotate',
    summary: 'whether the orientation of EXIF is obeyed',
    default: '1',
    example: 'ar:0/w:200',
    apply(options, args) {
      options.autoRotate = readBoolean(single('auto_rotate', args));
    },
  },
  {
    name: 'rotate',
    aliases: ['rot'],
    arguments: '%angle',
    summary: 'turns clockwise by a multiple of 90 degrees',
    default: '0',
    example: 'w:200/rot:90',
    apply(options, args) {
      const angle = readInteger('rotate', single('rotate', args));
      if (angle % 90 !== 0) throw invalid('rotate', String(angle), 'a multiple of 90');
      options.rotate = angle;
    },
  },
  {
    name: 'flip',
    aliases: ['fl'],
    arguments: '%horizontal:%vertical',
    summary: 'mirrors',
    default: '0:0',
    example: 'w:200/fl:1',
    apply(options, args) {
      atMost('flip', args, 2);
      const [horizontal, vertical] = [given(args, 0), given(args, 1)];
      if (horizontal !== undefined) options.flipHorizontal = readBoolean(horizontal);
      if (vertical !== undefined) options.flipVertical = readBoolean(vertical);
    },
  },
  {
    name: 'background',
    aliases: ['bg'],
    arguments: '%hex_color or %R:%G:%B',
    summary: 'fills transparency; empty leaves it',
    default: 'none; white where the format has no transparency',
    example: 'w:200/bg:2266aa',
    apply(options, args) {
      if (args.length === 1) {
        options.background = args[0] === '' ? undefined : readHexColor('background', args[0] ?? '');
      } else if (args.length === 3) {
        const [r, g, b] = ['R', 'G', 'B'].map((name, index) => channel(name, args[index] ?? ''));
        options.background = { r: r ?? 0, g: g ?? 0, b: b ?? 0 };
      } else {
        throw invalid('background', args.join(':'), 'one or three arguments');
      }
    },
  },
  {
    name: 'blur',
    aliases: ['bl'],
    arguments: '%sigma',
    summary: 'a gaussian blur',
    default: '0',
    example: 'w:200/bl:5',
    apply(options, args) {
      options.blur = readAmount('blur', single('blur', args));
    },
  },
  {
    name: 'sharpen',
    aliases: ['sh'],
    arguments: '%sigma',
    summary: 'sharpens',
    default: '0',
    example: 'w:200/sh:2',
    apply(options, args) {
      options.sharpen = readAmount('sharpen', single('sharpen', args));
    },
  },
  {
    name: 'pixelate',
    aliases: ['pix'],
    arguments: '%size',
    summary: 'squares of that many pixels',
    default: '0',
    example: 'w:200/pix:10',
    apply(options, args) {
      options.pixelate = readCount('pixelate', single('pixelate', args));
    },
  },
  {
    name: 'watermark',
    aliases: ['wm'],
    arguments: '%opacity:%position:%x_offset:%y_offset:%scale',
    summary: 'puts the watermark of the settings on the result; re tiles it',
    default: '0',
    example: 'w:240/wm:0.7:soea:5:5:0.3',
    apply(options, args) {
      atMost('watermark', args, 7);
      options.watermarkOpacity = readNumber('watermark.opacity', args[0] ?? '', {
        least: 0,
        most: 1,
        expected: 'number in range 0-1',
      });
      const [position, x, y, scale] = [1, 2, 3, 4].map(index => given(args, index));
      if (position !== undefined) {
        options.watermarkPosition = readWord('watermark.position', position, watermarkGravities);
      }
      if (x !== undefined) options.watermarkX = readNumber('watermark.x_offset', x);
      if (y !== undefined) options.watermarkY = readNumber('watermark.y_offset', y);
      if (scale !== undefined) options.watermarkScale = readFactor('watermark.scale', scale);
    },
  },
];
