/** A running service over a folder of pictures, for tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Env } from '@peakstone/kernel/service';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { type ImagesDeps, type ImagesService, images, readImagesConfig } from '../src/index.ts';

export interface TestServer {
  readonly service: ImagesService;
  readonly url: string;
  readonly folder: string;
  /** Puts a file into the folder that `local:///` reads. */
  put(name: string, data: Buffer | string): void;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** The answer's picture as sharp sees it. */
  picture(path: string): Promise<Metadata & { readonly status: number }>;
  stop(): Promise<void>;
}

export async function startServer(settings: Env = {}, deps: ImagesDeps = {}): Promise<TestServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-images-'));
  const put = (name: string, data: Buffer | string): void => writeFileSync(path.join(folder, name), data);
  put('photo.jpg', await gradient(640, 480).jpeg().toBuffer());
  put('small.png', await gradient(120, 90).png().toBuffer());
  const env = { IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder, IMGPROXY_BIND: '127.0.0.1:0', ...settings };
  const service = await startIn(folder, env, deps);
  const url = `http://127.0.0.1:${service.port}`;
  const get = (target: string, init?: RequestInit): Promise<Response> => fetch(url + target, init);
  return {
    service,
    url,
    folder,
    put,
    get,
    async picture(target) {
      const response = await get(target);
      const body = Buffer.from(await response.arrayBuffer());
      if (!response.ok) throw new Error(`${response.status} ${body.toString()}`);
      return { ...(await sharp(body, { pages: -1 }).metadata()), status: response.status };
    },
    async stop() {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Settings that stop the start leave no folder behind. */
async function startIn(folder: string, env: Env, deps: ImagesDeps): Promise<ImagesService> {
  try {
    return await images.start(readImagesConfig(env), deps, new AbortController().signal);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A picture in which no two parts look alike. */
export function gradient(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set([(x * 255) / width, (y * 255) / height, (x * y) % 255], (y * width + x) * 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}
