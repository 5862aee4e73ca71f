/** Gravity, and what has a gravity of its own. */
import { atMost, given, invalid, readBoolean, readNumber, readWord } from './arguments.ts';
import type { OptionDefinition } from './definition.ts';
import type { Gravity, GravityType } from './types.ts';

const edges: readonly GravityType[] = ['ce', 'no', 'ea', 'so', 'we', 'nowe', 'noea', 'sowe', 'soea'];
export const cropGravities: readonly GravityType[] = ['sm', 'fp', ...edges];
const extendGravities: readonly GravityType[] = ['fp', ...edges];
export const watermarkGravities: readonly GravityType[] = ['re', ...edges];

/** `type:x:y`: an empty offset keeps what `old` has. @throws {ImagesError} `option` */
export function readGravity(
  name: string,
  args: readonly string[],
  allowed: readonly GravityType[],
  old: Gravity = {},
): Gravity {
  const type = readWord(`${name}.type`, args[0] ?? '', allowed);
  if (type === 'sm') {
    atMost(name, args, 1);
    return { type };
  }
  if (type === 'fp' && args.length !== 3)
    throw invalid(name, args.join(':'), 'fp with both of its coordinates');
  atMost(name, args, 3);
  const bounds = type === 'fp' ? { least: 0, most: 1 } : {};
  const offset = (index: number, suffix: string): number | undefined => {
    const text = given(args, index);
    return text === undefined ? undefined : readNumber(`${name}.${suffix}`, text, bounds);
  };
  return { type, x: offset(1, 'x_offset') ?? old.x, y: offset(2, 'y_offset') ?? old.y };
}

/** `on:gravity`. @throws {ImagesError} `option` */
export function readExtend(
  name: string,
  args: readonly string[],
  old: Gravity | undefined,
): { readonly on: boolean; readonly gravity: Gravity | undefined } {
  atMost(name, args, 4);
  return {
    on: readBoolean(args[0] ?? ''),
    gravity: args.length > 1 ? readGravity(name, args.slice(1), extendGravities, old) : old,
  };
}

export const gravityOptions: readonly OptionDefinition[] = [
  {
    name: 'gravity',
    aliases: ['g'],
    arguments: '%type:%x_offset:%y_offset',
    summary: 'which part is kept when the picture is cut to the size: an edge, fp with a point, or sm',
    default: 'ce:0:0',
    example: 'rs:fill:200:200/g:no',
    apply(options, args) {
      options.gravity = readGravity('gravity', args, cropGravities, options.gravity);
    },
  },
];
