/** What a file is, by its first bytes; never by what its name or its server says. Pure. */
import type { Format } from './formats.ts';
import { decodeXml, localName, readTokens, XmlError } from './xml/tokens.ts';

/** Bytes that are looked at. */
export const detectionBytes = 32 * 1024;

/** `?` stands for any byte. */
const signatures: readonly (readonly [Format, ...string[]])[] = [
  ['jpeg', '\xff\xd8'],
  ['jxl', '\xff\x0a', '\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['webp', 'RIFF????WEBP'],
  ['gif', 'GIF8?a'],
  ['ico', '\x00\x00\x01\x00'],
  [
    'heic',
    ...['heic', 'heix', 'hevc', 'heim', 'heis', 'hevm', 'hevs', 'mif1'].map(brand => `????ftyp${brand}`),
  ],
  ['avif', '????ftypavif'],
  ['bmp', 'BM'],
];

/** Cameras' files are TIFF inside, and hold a thumbnail where its picture should be. */
const rawExtensions: ReadonlySet<string> = new Set(
  '3fr adng arw cap cr2 cr3 crw data dcr dng eip erf fff gpr iiq k25 kdc mef moc mos mdc mrw nef nrw orf ori pef ppm proraw raf raw rw2 rwl sr2 srf srw x3f'.split(
    ' ',
  ),
);
const rawTypes: ReadonlySet<string> = new Set(
  'hasselblad-3fr adobe-dng sony-arw phaseone-cap canon-cr2 canon-cr3 canon-crw kodak-dcr epson-erf hasselblad-fff gopro-gpr phaseone-iiq kodak-k25 kodak-kdc mamiya-mef leaf-mos minolta-mrw nikon-nef nikon-nrw olympus-orf sony-ori pentax-pef apple-proraw fuji-raf raw panasonic-rw2 leica-rwl sony-sr2 sony-srf samsung-srw sigma-x3f'
    .split(' ')
    .map(name => `image/x-${name}`),
);

/** @param file at least its first {@link detectionBytes} bytes; @param path of its address, for its extension */
export function detectFormat(file: Buffer, contentType: string, path: string): Format | undefined {
  const head = file.subarray(0, detectionBytes);
  for (const [format, ...marks] of signatures) if (marks.some(mark => begins(head, mark))) return format;
  if (begins(head, 'II*\x00') || begins(head, 'MM\x00*')) {
    const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
    return rawExtensions.has(extension) || rawTypes.has(contentType) ? undefined : 'tiff';
  }
  return isSvg(head) ? 'svg' : undefined;
}

function begins(head: Buffer, mark: string): boolean {
  if (head.length < mark.length) return false;
  for (let i = 0; i < mark.length; i++) {
    if (mark[i] !== '?' && head[i] !== mark.charCodeAt(i)) return false;
  }
  return true;
}

/** Whether an element of that name comes before anything that is no XML. */
function isSvg(head: Buffer): boolean {
  try {
    for (const token of readTokens(decodeXml(head))) {
      if (token.kind === 'start' && localName(token.name) === 'svg') return true;
    }
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
  }
  return false;
}
