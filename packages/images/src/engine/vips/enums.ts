/** libvips' numbers. */

export const interpretations = {
  multiband: 0,
  bw: 1,
  cmyk: 15,
  rgb: 17,
  srgb: 22,
  rgb16: 25,
  grey16: 26,
  scrgb: 28,
} as const;

export const bandFormats = { uchar: 0, char: 1, ushort: 2, float: 6, double: 8 } as const;
export const coding = { none: 0, rad: 6 } as const;
export const access = { sequential: 1 } as const;
export const extend = { black: 0, mirror: 3 } as const;
export const direction = { horizontal: 0, vertical: 1 } as const;
export const pcs = { lab: 0, xyz: 1 } as const;
export const boolean = { and: 0, shiftLeft: 3, shiftRight: 4 } as const;
export const blend = { over: 2 } as const;
export const pngFilter = { none: 8, all: 248 } as const;
export const heifCompression = { hevc: 1, av1: 4 } as const;
export const webpPresets = { default: 0, picture: 1, photo: 2, drawing: 3, icon: 4, text: 5 } as const;
