/** How large the result is. */
import { atMost, given, readBoolean, readCount, readFactor, readWord, single } from './arguments.ts';
import type { OptionDefinition } from './definition.ts';
import { readExtend } from './gravity.ts';
import { type Options, resizingTypes } from './types.ts';

function applySize(options: Options, args: readonly string[]): void {
  atMost('size', args, 7);
  const [width, height, enlarge, extend] = [0, 1, 2, 3].map(index => given(args, index));
  if (width !== undefined) options.width = readCount('width', width);
  if (height !== undefined) options.height = readCount('height', height);
  if (enlarge !== undefined) options.enlarge = readBoolean(enlarge);
  if (extend !== undefined) applyExtend(options, args.slice(3));
}

function applyExtend(options: Options, args: readonly string[]): void {
  const { on, gravity } = readExtend('extend', args, options.extendGravity);
  options.extend = on;
  if (gravity !== undefined) options.extendGravity = gravity;
}

function counted(
  name: string,
  aliases: readonly string[],
  key: 'width' | 'height' | 'minWidth' | 'minHeight',
  summary: string,
  example: string,
): OptionDefinition {
  return {
    name,
    aliases,
    arguments: `%${name}`,
    summary,
    default: '0',
    example,
    apply(options, args) {
      options[key] = readCount(name, single(name, args));
    },
  };
}

export const resizeOptions: readonly OptionDefinition[] = [
  {
    name: 'resize',
    aliases: ['rs'],
    arguments: '%resizing_type:%width:%height:%enlarge:%extend',
    summary: 'the resizing type and the size in one',
    default: 'fit:0:0:0:0',
    example: 'rs:fill:240:160',
    apply(options, args) {
      atMost('resize', args, 8);
      const type = given(args, 0);
      if (type !== undefined) options.resizingType = readWord('resizing_type', type, resizingTypes);
      if (args.length > 1) applySize(options, args.slice(1));
    },
  },
  {
    name: 'size',
    aliases: ['s'],
    arguments: '%width:%height:%enlarge:%extend',
    summary: 'width, height, whether to enlarge and to extend in one',
    default: '0:0:0:0',
    example: 's:240:160',
    apply: applySize,
  },
  {
    name: 'resizing_type',
    aliases: ['rt'],
    arguments: '%resizing_type',
    summary: `how the size is met: ${resizingTypes.join(', ')}`,
    default: 'fit',
    example: 'rt:force/s:240:120',
    apply(options, args) {
      options.resizingType = readWord('resizing_type', single('resizing_type', args), resizingTypes);
    },
  },
  counted('width', ['w'], 'width', 'the width; 0 follows from the height', 'w:200'),
  counted('height', ['h'], 'height', 'the height; 0 follows from the width', 'h:120'),
  counted('min-width', ['mw'], 'minWidth', 'scaled to at least this width, then cut', 'w:100/mw:200'),
  counted('min-height', ['mh'], 'minHeight', 'scaled to at least this height, then cut', 'h:80/mh:160'),
  {
    name: 'zoom',
    aliases: ['z'],
    arguments: '%x:%y',
    summary: 'multiplies the size, but neither paddings nor offsets',
    default: '1',
    example: 'w:200/z:0.5',
    apply(options, args) {
      atMost('zoom', args, 2);
      options.zoomWidth = readFactor('zoom_width', args[0] ?? '');
      options.zoomHeight = args.length < 2 ? options.zoomWidth : readFactor('zoom_height', args[1] ?? '');
    },
  },
  {
    name: 'dpr',
    aliases: [],
    arguments: '%dpr',
    summary: 'multiplies the size, paddings and offsets for dense screens',
    default: '1',
    example: 'w:100/dpr:2',
    apply(options, args) {
      options.dpr = readFactor('dpr', single('dpr', args));
    },
  },
  {
    name: 'enlarge',
    aliases: ['el'],
    arguments: '%enlarge',
    summary: 'whether a smaller picture is enlarged',
    default: '0',
    example: 'w:240/el:1',
    apply(options, args) {
      options.enlarge = readBoolean(single('enlarge', args));
    },
  },
  {
    name: 'extend',
    aliases: ['ex'],
    arguments: '%extend:%gravity',
    summary: 'fills up to the size with transparency',
    default: '0:ce:0:0',
    example: 's:240:240/ex:1:no',
    apply: applyExtend,
  },
  {
    name: 'extend_aspect_ratio',
    aliases: ['extend_ar', 'exar'],
    arguments: '%extend:%gravity',
    summary: 'fills up to the ratio of the size',
    default: '0:ce:0:0',
    example: 's:240:240/exar:1',
    apply(options, args) {
      const { on, gravity } = readExtend('extend_aspect_ratio', args, options.extendAspectRatioGravity);
      options.extendAspectRatio = on;
      if (gravity !== undefined) options.extendAspectRatioGravity = gravity;
    },
  },
];
