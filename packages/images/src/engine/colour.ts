/** Colour spaces and profiles: imported where work needs it, kept otherwise, and turned to the standard at the end. */
import { bandFormats, coding, Image, interpretations, pcs, Scope, type VipsError } from './vips/index.ts';

const ICC = 'icc-profile-data';
/** Some conversions lose the profile; a copy waits under a name that no format writes. */
const KEPT = 'peakstone-icc';
const IMPORTED = 'peakstone-icc-imported';
const headerBytes = 128;

const plain = new Set<number>([
  interpretations.rgb,
  interpretations.srgb,
  interpretations.rgb16,
  interpretations.scrgb,
  interpretations.grey16,
  interpretations.bw,
]);

export function convertTo(image: Image, space: number): void {
  if (image.interpretation !== space) image.apply('colourspace', { space: { int: space } });
}

/** Before the picture is worked on: a space that all steps know. */
export function toProcessing(image: Image, hdr: boolean): void {
  if (image.coding === coding.rad) image.apply('rad2float');
  const space = processingSpace(image.guessedInterpretation, hdr);
  if (image.guessedInterpretation === interpretations.scrgb) {
    // It is never linear again, so its profile would be wrong.
    removeProfile(image);
  } else {
    keepProfile(image);
    if (!plain.has(image.guessedInterpretation)) importProfile(image);
  }
  convertTo(image, space);
}

function processingSpace(guessed: number, hdr: boolean): number {
  switch (guessed) {
    case interpretations.rgb:
    case interpretations.srgb:
    case interpretations.bw:
      return guessed;
    case interpretations.rgb16:
      return hdr ? guessed : interpretations.srgb;
    case interpretations.grey16:
      return hdr ? guessed : interpretations.bw;
    case interpretations.cmyk:
      return interpretations.srgb;
    default:
      return hdr ? interpretations.rgb16 : interpretations.srgb;
  }
}

/** Before it is written. */
export function toResult(image: Image, keeps: boolean): void {
  restoreProfile(image);
  const imported = (image.getInt(IMPORTED) ?? 0) > 0;
  if (keeps && imported) exportProfile(image);
  if (!keeps && !imported) transformToStandard(image);
  if (!keeps) removeProfile(image);
}

function keepProfile(image: Image): void {
  const profile = image.getBlob(ICC);
  if (profile === undefined || profile.length < headerBytes) return;
  image.own();
  image.setBlob(KEPT, profile);
}

function restoreProfile(image: Image): void {
  if (image.hasField(ICC)) return;
  const profile = image.getBlob(KEPT);
  if (profile === undefined) return;
  image.own();
  image.setBlob(ICC, profile);
}

function removeProfile(image: Image): void {
  image.own();
  for (const name of [
    ICC,
    KEPT,
    'exif-ifd0-WhitePoint',
    'exif-ifd0-PrimaryChromaticities',
    'exif-ifd2-ColorSpace',
  ]) {
    image.remove(name);
  }
}

/** From the profile's colours; a profile that cannot be read is left alone, as the reference does. */
export function importProfile(image: Image): void {
  if (image.hasField(IMPORTED) || image.coding !== coding.none || !image.hasField(ICC)) return;
  if (image.bandFormat !== bandFormats.uchar && image.bandFormat !== bandFormats.ushort) return;
  if (isStandard(image)) return;
  const colours = bandsOfColour(image);
  forgiving(() => {
    using work = image.branch();
    if (colours !== null && image.bands > colours) importBesideAlpha(work, colours);
    else work.apply('icc_import', { embedded: { flag: true }, pcs: { int: connectionSpace(image) } });
    image.become(work);
    image.own();
    image.setInt(IMPORTED, 1);
  });
}

/** How many bands of a 16-bit picture are colours; libvips does not know how large its alpha is. */
function bandsOfColour(image: Image): number | null {
  if (image.interpretation === interpretations.rgb16) return 3;
  return image.interpretation === interpretations.grey16 ? 1 : null;
}

function importBesideAlpha(image: Image, colours: number): void {
  const space = connectionSpace(image);
  using scope = new Scope();
  const base = image.pointer;
  const colour = scope.call('extract_band', { in: { image: base }, band: { int: 0 }, n: { int: colours } });
  const alpha = scope.call('extract_band', { in: { image: base }, band: { int: colours }, n: { int: 1 } });
  const imported = scope.call('icc_import', {
    in: { image: colour },
    embedded: { flag: true },
    pcs: { int: space },
  });
  using result = new Image(scope.keep(imported));
  const cast = scope.call('cast', { in: { image: alpha }, format: { int: result.bandFormat } });
  const scaled = scope.call('linear', {
    in: { image: cast },
    a: { doubles: [1 / 255] },
    b: { doubles: [0] },
  });
  image.replace(scope.keep(scope.call('bandjoin', { in: { images: [imported, scaled] } })));
}

function exportProfile(image: Image): void {
  if (!image.hasField(ICC) || isStandard(image)) return;
  forgiving(() =>
    image.apply('icc_export', { pcs: { int: connectionSpace(image) }, depth: { int: depthOf(image) } }),
  );
}

function transformToStandard(image: Image): void {
  if (!image.hasField(ICC) || isStandard(image)) return;
  const grey = image.interpretation === interpretations.bw || image.interpretation === interpretations.grey16;
  forgiving(() =>
    image.apply('icc_transform', {
      'output-profile': { text: grey ? 'sGrey' : 'sRGB' },
      embedded: { flag: true },
      pcs: { int: connectionSpace(image) },
      depth: { int: depthOf(image) },
    }),
  );
}

/** 16 for pictures of 16 bits and linear ones. */
export function depthOf({ interpretation }: Image): number {
  const deep: readonly number[] = [interpretations.grey16, interpretations.rgb16, interpretations.scrgb];
  return deep.includes(interpretation) ? 16 : 8;
}

/** Whether its profile is the common one of sRGB, by what its header says: turning colours by it changes nothing. */
function isStandard(image: Image): boolean {
  if (image.guessedInterpretation !== interpretations.srgb) return false;
  const header = image.getBlob(ICC);
  if (header === undefined || header.length < headerBytes) return false;
  const says = (at: number, bytes: string | readonly number[]): boolean =>
    header.subarray(at, at + bytes.length).equals(Buffer.from(bytes as string, 'latin1'));
  return (
    says(48, 'IEC ') &&
    says(16, 'RGB ') &&
    says(52, 'sRGB') &&
    says(80, 'HP  ') &&
    says(24, '\x07\xce\x00\x02\x00\x09') &&
    says(8, '\x02\x10\x00\x00')
  );
}

function connectionSpace(image: Image): number {
  const header = image.getBlob(ICC);
  const isXyz =
    header !== undefined && header.length >= headerBytes && header.toString('latin1', 20, 24) === 'XYZ ';
  return isXyz ? pcs.xyz : pcs.lab;
}

/** Whether a failure of libvips is one of these. */
const isVipsError = (error: unknown): error is VipsError =>
  error instanceof Error && error.name === 'VipsError';

/** A broken profile is no reason to refuse a picture: it is shown by its numbers. */
function forgiving(convert: () => void): void {
  try {
    convert();
  } catch (error) {
    if (!isVipsError(error)) throw error;
  }
}

/** A space that backgrounds and watermarks can be put into. */
export function toKnownSpace(image: Image, wantsColour: boolean): void {
  const guessed = image.guessedInterpretation;
  const space = knownSpace(guessed, wantsColour, image.bandFormat);
  if (space === guessed) return;
  importProfile(image);
  image.apply('colourspace', { space: { int: space } });
}

function knownSpace(guessed: number, wantsColour: boolean, bandFormat: number): number {
  switch (guessed) {
    case interpretations.bw:
      return wantsColour ? interpretations.srgb : guessed;
    case interpretations.grey16:
      return wantsColour ? interpretations.rgb16 : guessed;
    case interpretations.srgb:
    case interpretations.rgb16:
      return guessed;
    case interpretations.scrgb:
      return interpretations.rgb16;
    default:
      return bandFormat === bandFormats.uchar || bandFormat === bandFormats.char
        ? interpretations.srgb
        : interpretations.rgb16;
  }
}
