/** What is cut off, or added at the sides, before and after the size is met. */
import { atMost, given, readAmount, readBoolean, readCount, readHexColor, readNumber } from './arguments.ts';
import type { OptionDefinition } from './definition.ts';
import { cropGravities, readGravity } from './gravity.ts';

export const cropOptions: readonly OptionDefinition[] = [
  {
    name: 'crop',
    aliases: ['c'],
    arguments: '%width:%height:%gravity',
    summary: 'cuts the source first: pixels from 1, a share below, 0 for the whole side',
    default: '0:0:ce:0:0',
    example: 'c:0.5:0.5:sowe/w:200',
    apply(options, args) {
      options.cropWidth = readAmount('crop.width', args[0] ?? '');
      if (args.length > 1) options.cropHeight = readAmount('crop.height', args[1] ?? '');
      if (args.length > 2) {
        options.cropGravity = readGravity('crop.gravity', args.slice(2), cropGravities, options.cropGravity);
      }
    },
  },
  {
    name: 'trim',
    aliases: ['t'],
    arguments: '%threshold:%color:%equal_hor:%equal_ver',
    summary: 'cuts off the background, of the colour or of the top left pixel',
    default: 'off',
    example: 't:10',
    apply(options, args) {
      atMost('trim', args, 4);
      const [threshold, color, horizontal, vertical] = [0, 1, 2, 3].map(index => given(args, index));
      options.trimThreshold = threshold === undefined ? undefined : readNumber('trim.threshold', threshold);
      options.trimColor = color === undefined ? undefined : readHexColor('trim.color', color);
      if (horizontal !== undefined) options.trimEqualHorizontal = readBoolean(horizontal);
      if (vertical !== undefined) options.trimEqualVertical = readBoolean(vertical);
    },
  },
  {
    name: 'padding',
    aliases: ['pd'],
    arguments: '%top:%right:%bottom:%left',
    summary: 'adds transparent borders, in the order of CSS',
    default: '0:0:0:0',
    example: 'w:200/pd:10:20/bg:ffcc00',
    apply(options, args) {
      atMost('padding', args, 4);
      const side = (index: number, name: string, other: number | undefined): number | undefined => {
        const text = given(args, index);
        return text === undefined ? other : readCount(`padding.${name}`, text);
      };
      options.paddingTop = side(0, 'top', options.paddingTop);
      options.paddingRight = side(1, 'right', options.paddingTop ?? options.paddingRight);
      options.paddingBottom = side(2, 'bottom', options.paddingTop ?? options.paddingBottom);
      options.paddingLeft = side(3, 'left', options.paddingRight ?? options.paddingLeft);
    },
  },
];
