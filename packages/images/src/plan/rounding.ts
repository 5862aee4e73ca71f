/** The reference's two roundings: sizes go half away from zero, positions half to even. Pure. */

/** Half away from zero. */
export function round(value: number): number {
  return value < 0 ? -Math.floor(-value + 0.5) : Math.floor(value + 0.5);
}

/** Half to even. */
export function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** A size by a factor. */
export const scale = (size: number, factor: number): number => (size === 0 ? 0 : round(size * factor));

/** A position by a factor. */
export const scaleToEven = (size: number, factor: number): number =>
  size === 0 ? 0 : roundToEven(size * factor);

/** A size divided. */
export const shrink = (size: number, by: number): number => (size === 0 ? 0 : round(size / by));

/** A position divided. */
export const shrinkToEven = (size: number, by: number): number => (size === 0 ? 0 : roundToEven(size / by));

/** The smaller one of those that are not 0. */
export function minNonZero(a: number, b: number): number {
  if (a === 0) return b;
  return b === 0 ? a : Math.min(a, b);
}
