/** Requests that a service of pictures should survive within its memory. */
import sharp from 'sharp';
import { blackPng, bmp, svg } from './files.ts';

export interface HostileRequest {
  readonly name: string;
  readonly file: () => Buffer | string | Promise<Buffer | string>;
  readonly options: string;
}

const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'teal' }, limitInputPixels: false });
/** Of 48 megapixels: below the limit of imgproxy's settings. */
const large = () => flat(8000, 6000);
const small = () => flat(400, 300).png().toBuffer();
const frames = async (width: number, height: number, count: number) =>
  sharp(
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        sharp({ create: { width, height, channels: 3, background: { r: i, g: 0, b: 0 } } })
          .png()
          .toBuffer(),
      ),
    ),
    { join: { animated: true } },
  );

const files = {
  'BMP of 124 MB': () => bmp(7200, 6000),
  'BMP of run lengths, 78 MP': () => bmp(13_000, 6000, true),
  'PNG of 16 bits, 78 MP': () => blackPng({ width: 13_000, height: 6000, bits: 16, colours: 6 }),
  'PNG interlaced, 48 MP': () => blackPng({ width: 8000, height: 6000, colours: 6, interlaced: true }),
  'JPEG progressive, 48 MP': () => large().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  'JPEG, 48 MP': () => large().jpeg().toBuffer(),
  'WebP without loss, 48 MP': () => large().webp({ lossless: true, effort: 0 }).toBuffer(),
  'AVIF, 48 MP': () => large().avif({ effort: 0 }).toBuffer(),
  'TIFF of floats, 16 MP': () =>
    sharp({ create: { width: 4096, height: 4096, channels: 4, background: '#123456' } })
      .toColourspace('scrgb')
      .pipelineColourspace('scrgb')
      .tiff({ compression: 'deflate', tile: true, tileWidth: 2048, tileHeight: 2048 })
      .toBuffer(),
  'GIF of 60 frames, 1 MP each': async () => (await frames(1000, 1000, 60)).gif({ effort: 1 }).toBuffer(),
  'WebP of 40 frames, 1 MP each': async () => (await frames(1000, 1000, 40)).webp({ effort: 0 }).toBuffer(),
  'small PNG': small,
  'SVG of 38 MB': () => svg('<g/>'.repeat(9_500_000)),
  'SVG of 900,000 elements': () => svg('<g/>'.repeat(900_000)),
  'SVG of a path of 38 MB': () => svg(`<path d="M0 0${'L1 2'.repeat(9_500_000)}"/>`),
  'SVG of filters': () =>
    svg(
      `<filter id="f" x="0" y="0" width="1" height="1">${'<feGaussianBlur stdDeviation="9"/>'.repeat(50)}</filter><g filter="url(#f)"><rect width="8000" height="6000" fill="red"/></g>`,
      8000,
      6000,
    ),
  'SVG of masks in masks': () =>
    svg(
      `${'<g opacity="0.9" style="mix-blend-mode:multiply">'.repeat(200)}<rect width="8000" height="6000" fill="red"/>${'</g>'.repeat(200)}`,
      8000,
      6000,
    ),
  'SVG that uses itself often': () =>
    svg(
      `<g id="a0"><path d="M0 0L9 9L0 9z"/></g>${Array.from({ length: 18 }, (_, i) => `<g id="a${i + 1}"><use href="#a${i}"/><use href="#a${i}"/></g>`).join('')}`,
    ),
  'SVG with a PNG of 900 MP': () =>
    svg(
      `<image width="9" height="9" href="data:image/png;base64,${blackPng({ width: 30_000, height: 30_000, colours: 0 }).toString('base64')}"/>`,
    ),
} as const satisfies Readonly<Record<string, HostileRequest['file']>>;

const ask = (name: keyof typeof files, ...options: string[]): HostileRequest[] =>
  options.map(each => ({ name, file: files[name], options: each }));

export const hostileRequests: readonly HostileRequest[] = [
  ...ask('BMP of 124 MB', 'w:100', 'f:bmp', 'f:tiff'),
  ...ask('BMP of run lengths, 78 MP', 'w:100', 'f:bmp', 'rot:90/w:9000'),
  ...ask('PNG of 16 bits, 78 MP', 'w:100', 'rot:90/f:tiff', 't:10/w:9'),
  ...ask('PNG interlaced, 48 MP', 'w:100', 'f:png', 'f:bmp'),
  ...ask('JPEG progressive, 48 MP', 'w:100', 'f:jpg', 'f:webp'),
  ...ask(
    'JPEG, 48 MP',
    'f:jpg',
    'f:webp',
    'f:avif',
    'f:gif',
    'f:tiff',
    'f:bmp',
    'f:png',
    'f:best',
    'bl:30',
    'rot:90',
    'wm:1',
    'f:webp/mb:100',
    'c:7999:5999:sm',
  ),
  ...ask('WebP without loss, 48 MP', 'w:100', 'f:webp'),
  ...ask('AVIF, 48 MP', 'w:100', 'f:png'),
  ...ask('TIFF of floats, 16 MP', 'w:100', 'f:tiff'),
  ...ask('GIF of 60 frames, 1 MP each', 'w:100/f:gif', 'f:gif', 'f:webp'),
  ...ask('WebP of 40 frames, 1 MP each', 'w:100/f:webp', 'f:webp', 'f:gif'),
  ...ask(
    'small PNG',
    'rs:force:16000:16000:1/f:webp',
    'rs:force:16000:16000:1/f:avif',
    'rs:force:30000:30000:1/f:png',
    'rs:force:16000:16000:1/f:tiff',
    'rs:force:16000:16000:1/f:bmp',
    'rs:force:16000:16000:1/f:gif',
    'rs:force:9000:9000:1/bl:500',
    'pd:9000/f:webp',
    's:20000:20000:1:1/f:jpg',
    'rs:force:12000:12000:1/rot:90',
    'rs:force:20000:20000:1/pix:9',
  ),
  ...ask('SVG of 38 MB', 'w:100/f:svg', 'w:100/f:png'),
  ...ask('SVG of 900,000 elements', 'w:100/f:png'),
  ...ask('SVG of a path of 38 MB', 'w:100/f:svg', 'w:100/f:png'),
  ...ask('SVG of filters', 'f:png', 'w:100/f:png'),
  ...ask('SVG of masks in masks', 'f:png'),
  ...ask('SVG that uses itself often', 'f:png'),
  ...ask('SVG with a PNG of 900 MP', 'f:png'),
];
