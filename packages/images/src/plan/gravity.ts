/** The crop runs before the picture is turned: its gravity is turned back. Pure. */
import type { Gravity, GravityType } from '../options/types.ts';

type Turn = Readonly<Partial<Record<GravityType, GravityType>>>;

const turns: Readonly<Record<number, Turn>> = {
  90: {
    no: 'we',
    ea: 'no',
    so: 'ea',
    we: 'so',
    nowe: 'sowe',
    noea: 'nowe',
    sowe: 'soea',
    soea: 'noea',
  },
  180: {
    no: 'so',
    ea: 'we',
    so: 'no',
    we: 'ea',
    nowe: 'soea',
    noea: 'sowe',
    sowe: 'noea',
    soea: 'nowe',
  },
  270: {
    no: 'ea',
    ea: 'so',
    so: 'we',
    we: 'no',
    nowe: 'noea',
    noea: 'soea',
    sowe: 'nowe',
    soea: 'sowe',
  },
};
const mirroredX: Turn = { ea: 'we', we: 'ea', nowe: 'noea', noea: 'nowe', sowe: 'soea', soea: 'sowe' };
const mirroredY: Turn = { no: 'so', so: 'no', nowe: 'sowe', noea: 'soea', sowe: 'nowe', soea: 'noea' };

const isIn = (type: GravityType, ...types: readonly GravityType[]): boolean => types.includes(type);

/** The gravity before a flip and a clockwise turn that becomes this one by them. */
export function turnGravity(gravity: Gravity, angle: number, flipX: boolean, flipY: boolean): Gravity {
  let { type = 'ce', x = 0, y = 0 } = gravity;
  if (flipX) {
    type = mirroredX[type] ?? type;
    if (isIn(type, 'ce', 'no', 'so')) x = -x;
    if (type === 'fp') x = 1 - x;
  }
  if (flipY) {
    type = mirroredY[type] ?? type;
    if (isIn(type, 'ce', 'ea', 'we')) y = -y;
    if (type === 'fp') y = 1 - y;
  }
  const turn = turns[angle % 360];
  if (turn === undefined) return { type, x, y };
  type = turn[type] ?? type;
  return { type, ...turnOffsets(type, x, y, angle % 360) };
}

/** Offsets count inward from an edge, and away from the centre. */
function turnOffsets(
  type: GravityType,
  x: number,
  y: number,
  angle: number,
): { readonly x: number; readonly y: number } {
  switch (angle) {
    case 90:
      if (isIn(type, 'ce', 'ea', 'we')) return { x: y, y: -x };
      return type === 'fp' ? { x: y, y: 1 - x } : { x: y, y: x };
    case 180:
      if (type === 'ce') return { x: -x, y: -y };
      if (isIn(type, 'no', 'so')) return { x: -x, y };
      if (isIn(type, 'ea', 'we')) return { x, y: -y };
      return type === 'fp' ? { x: 1 - x, y: 1 - y } : { x, y };
    default:
      if (isIn(type, 'ce', 'no', 'so')) return { x: -y, y: x };
      return type === 'fp' ? { x: 1 - y, y: x } : { x: y, y: x };
  }
}
