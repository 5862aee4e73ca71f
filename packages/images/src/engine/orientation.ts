/** How a picture has to be turned to stand upright. Pure but for reading the image. */
import type { Image } from './vips/index.ts';

export interface Geometry {
  /** As it will be looked at: of the turned picture. */
  readonly width: number;
  readonly height: number;
  readonly angle: number;
  readonly flip: boolean;
}

/** The tag of EXIF; 1 when there is none. */
export function orientationOf(image: Image): number {
  return image.getInt('orientation') ?? 1;
}

export const liesOnSide = (orientation: number): boolean => orientation >= 5 && orientation <= 8;

/** @param angle what the options turn it by besides */
export function geometryOf(image: Image, angle: number, autoRotate: boolean): Geometry {
  const turn = autoRotate ? (turns[orientationOf(image)] ?? upright) : upright;
  const onSide = (turn.angle + angle) % 180 !== 0;
  const { width, height } = image;
  return { ...turn, width: onSide ? height : width, height: onSide ? width : height };
}

const upright = { angle: 0, flip: false };
const turns: Readonly<Record<number, { readonly angle: number; readonly flip: boolean }>> = {
  2: { angle: 0, flip: true },
  3: { angle: 180, flip: false },
  4: { angle: 180, flip: true },
  5: { angle: 90, flip: true },
  6: { angle: 90, flip: false },
  7: { angle: 270, flip: true },
  8: { angle: 270, flip: false },
};
