/** What can be seen of an answer, in the words of the recording. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import sharp from 'sharp';
import { detectFormat } from '../../../packages/images/src/detect.ts';
import { readBmpHeader } from '../../../packages/images/src/engine/codecs/bmp.ts';
import { openBmp } from '../../../packages/images/src/engine/codecs/bmpImage.ts';
import { readIco } from '../../../packages/images/src/engine/codecs/ico.ts';
import * as library from '../../../packages/images/src/engine/vips/library.ts';

export interface Ask {
  readonly id: string;
  readonly group: string;
  readonly profile: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Its answer depends on the time. */
  readonly live?: boolean;
}

/** An answer as it was recorded; pictures have a format. */
export interface Seen {
  readonly status: number;
  readonly h: Readonly<Record<string, string | undefined>>;
  readonly text?: string;
  readonly format?: string;
  readonly width?: number;
  readonly height?: number;
  readonly space?: string;
  readonly depth?: string;
  readonly alpha?: boolean;
  readonly pages?: number;
  readonly delay?: readonly number[];
  readonly loop?: number;
  readonly exif?: number;
  readonly icc?: unknown;
  readonly orientation?: number;
  /** Of the RGBA bytes. */
  readonly pix?: string;
  /** 16 × 16 pixels as base64. */
  readonly thumb?: string;
  readonly svg?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export function send(base: string, { path, method = 'GET', headers = {} }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(`${base}${path}`, { method, headers, agent: false, path }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          body: Buffer.concat(chunks),
        }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

export async function look({ status, headers, body }: Answer): Promise<Seen> {
  const type = headers['content-type'] ?? '';
  const format = /^image\//.test(type) ? detectFormat(body, '', '') : undefined;
  const seen: Seen = { status, h: headers };
  if (format === undefined) return { ...seen, text: body.toString() };
  if (format === 'svg') return { ...seen, format, svg: hash(body, 16) };
  try {
    return { ...seen, format, ...(await picture(body, format)) };
  } catch {
    // What was asked for is a part of a file, or a file that nobody here can read.
    return { ...seen, format };
  }
}

async function picture(body: Buffer, format: string): Promise<Partial<Seen>> {
  const own = await ownPixels(body, format);
  if (Buffer.isBuffer(own)) {
    const { width = 0, height = 0, pix = '', thumb = '' } = await picture(own, 'png');
    return { width, height, pix, thumb };
  }
  const input = own === null ? sharp(body) : sharp(own.data, { raw: own });
  const meta = await input.metadata();
  const { data, info } = await input
    .clone()
    .ensureAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const thumb = await sharp(data, { raw: { width, height, channels: 4 } })
    .flatten({ background: '#808080' })
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer();
  const looks = { width, height, pix: hash(data, 20), thumb: thumb.toString('base64') };
  // What our own codec says of its pixels is no metadata.
  if (own !== null) return looks;
  const animated = (meta.pages ?? 1) > 1;
  return {
    ...looks,
    space: meta.space,
    depth: meta.depth,
    alpha: meta.hasAlpha,
    exif: meta.exif?.length ?? 0,
    icc: meta.icc,
    ...(meta.orientation !== undefined && { orientation: meta.orientation }),
    ...(animated && { pages: meta.pages ?? 1, delay: meta.delay ?? [], loop: meta.loop ?? 0 }),
  };
}

type Raw = {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
};

/** Of formats that sharp does not read: their pixels, or the PNG in them. */
async function ownPixels(body: Buffer, format: string): Promise<Raw | Buffer | null> {
  if (format === 'ico') {
    const entry = readIco(body);
    return entry.kind === 'png' ? entry.data : await bmpPixels(entry.data);
  }
  return format === 'bmp' ? await bmpPixels(body) : null;
}

async function bmpPixels(file: Buffer): Promise<Raw> {
  library.init('conformance');
  using image = openBmp(file, readBmpHeader(file));
  const { width, height, bands } = image;
  return { data: await image.pixels(), width, height, channels: bands as 3 | 4 };
}

export const hash = (data: Buffer, digits: number): string =>
  createHash('sha256').update(data).digest('hex').slice(0, digits);
