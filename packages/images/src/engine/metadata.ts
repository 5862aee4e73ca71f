/** What a picture says of itself, before it is written. */
import { keepCopyrightOfIptc } from '../metadata/iptc.ts';
import { keepCopyrightOfXmp } from '../metadata/xmp.ts';
import type { Image } from './vips/index.ts';

const pixelsPerMm = 72 / 25.4;

/** Fields without which a picture would be written otherwise. */
const needed: ReadonlySet<string> = new Set([
  'vips-sequential',
  'icc-profile-data',
  'bits-per-sample',
  'palette',
  'palette-bit-depth',
  'background',
  'vips-loader',
]);
const copyright: ReadonlySet<string> = new Set(['exif-data', 'exif-ifd0-Copyright', 'exif-ifd0-Artist']);
const animation: ReadonlySet<string> = new Set(['page-height', 'delay', 'loop', 'n-pages']);

export interface Kept {
  readonly copyright: boolean;
  readonly animation: boolean;
}

export function stripMetadata(image: Image, keeps: Kept): void {
  const iptc = keeps.copyright ? image.getBlob('iptc-data') : undefined;
  const xmp = keeps.copyright ? image.getBlob('xmp-data') : undefined;
  image.apply('copy', { xres: { double: pixelsPerMm }, yres: { double: pixelsPerMm } });
  for (const name of image.fields()) {
    const stays =
      needed.has(name) ||
      name.startsWith('peakstone-') ||
      (keeps.copyright && copyright.has(name)) ||
      (keeps.animation && animation.has(name));
    if (!stays) image.remove(name);
  }
  const keptIptc = iptc && keepCopyrightOfIptc(iptc);
  const keptXmp = xmp && keepCopyrightOfXmp(xmp);
  if (keptIptc) image.setBlob('iptc-data', keptIptc);
  if (keptXmp) image.setBlob('xmp-data', keptXmp);
}
