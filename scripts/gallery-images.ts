/**
 * `npm run gallery:images`: draws the options of image URLs for docs/images.md, each by its example over one picture, and writes
 * the page's table. What is drawn is what the service draws.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { images, readImagesConfig } from '../packages/images/src/index.ts';
import type { OptionDefinition } from '../packages/images/src/options/definition.ts';
import { optionTable } from '../packages/images/src/options/index.ts';

const docs = fileURLToPath(new URL('../docs', import.meta.url));
const begin = '<!-- options -->';
const end = '<!-- /options -->';

/** Some options show nothing on that picture, or need another one. */
const sources: Readonly<Record<string, string>> = {
  trim: 'framed.png',
  auto_rotate: 'lying.jpg',
  enlarge: 'small.png',
};

/** The page with its table as it should be. Pure. */
export function withOptions(page: string): string {
  const rows = optionTable.map(option => `| ${cells(option).join(' | ')} |`);
  const head = '| Option | Arguments | What it does | Default | Example |\n|---|---|---|---|---|';
  const [before = '', rest = ''] = page.split(begin);
  const after = rest.slice(rest.indexOf(end) + end.length);
  return `${before}${begin}\n\n${head}\n${rows.join('\n')}\n\n${end}${after}`;
}

function cells({
  name,
  aliases,
  arguments: args,
  summary,
  default: fallback,
  example,
  security,
}: OptionDefinition): string[] {
  const names = [name, ...aliases].map(each => `\`${each}\``).join(', ');
  const guard = security ? ' (with IMGPROXY_ALLOW_SECURITY_OPTIONS)' : '';
  return [
    names,
    `\`${args}\``,
    summary + guard,
    fallback,
    `\`${example}\`<br>![${name}](images/${name}.webp)`,
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await draw();

async function draw(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-gallery-'));
  for (const [name, data] of Object.entries(await makeSources()))
    writeFileSync(path.join(folder, name), data);
  const env = {
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
    IMGPROXY_BIND: '127.0.0.1:0',
    IMGPROXY_ALLOW_SECURITY_OPTIONS: 'true',
    IMGPROXY_WATERMARK_PATH: path.join(folder, 'mark.png'),
  };
  const service = await images.start(readImagesConfig(env), {}, new AbortController().signal);
  const shown: Buffer[] = [];
  mkdirSync(path.join(docs, 'images'), { recursive: true });
  try {
    for (const { name, example } of optionTable) {
      const url = `http://127.0.0.1:${service.port}/_/${example}/plain/local:///${sources[name] ?? 'scene.png'}`;
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
      const picture = sharp(Buffer.from(await response.arrayBuffer()));
      const file = await picture
        .resize(240, 240, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 70 })
        .toBuffer();
      writeFileSync(path.join(docs, 'images', `${name}.webp`), file);
      shown.push(file);
    }
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true });
  }
  writeFileSync(path.join(docs, 'images', 'sheet.webp'), await contactSheet(shown));
  const page = path.join(docs, 'images.md');
  writeFileSync(page, withOptions(readFileSync(page, 'utf8')));
}

async function contactSheet(pictures: readonly Buffer[]): Promise<Buffer> {
  const [columns, cell] = [8, 150];
  const placed = await Promise.all(
    pictures.map(async (picture, i) => ({
      input: await sharp(picture)
        .resize(cell - 10, cell - 10, { fit: 'inside' })
        .png()
        .toBuffer(),
      left: (i % columns) * cell + 5,
      top: Math.floor(i / columns) * cell + 5,
    })),
  );
  const height = Math.ceil(pictures.length / columns) * cell;
  return await sharp({ create: { width: columns * cell, height, channels: 3, background: '#f4f4f4' } })
    .composite(placed)
    .webp({ quality: 75 })
    .toBuffer();
}

async function makeSources(): Promise<Record<string, Buffer>> {
  const scene = (width: number, height: number, background = 'url(#sky)'): Buffer =>
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 480 360">
  <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#3a7bd5"/><stop offset="1" stop-color="#fbd3a0"/></linearGradient></defs>
  <rect width="480" height="360" fill="${background}"/><circle cx="360" cy="90" r="42" fill="#fff3b0"/>
  <path d="M0 300 L120 130 L210 250 L300 110 L480 310 V360 H0Z" fill="#345"/><path d="M120 130 L150 170 L96 164Z M300 110 L330 148 L276 144Z" fill="#fff"/>
  <path d="M0 320 Q120 270 240 320 T480 310 V360 H0Z" fill="#5a8f4e"/></svg>`);
  const png = (svg: Buffer): Promise<Buffer> => sharp(svg).png().toBuffer();
  const whole = await png(scene(480, 360));
  return {
    'scene.png': whole,
    'small.png': await png(scene(120, 90)),
    'framed.png': await sharp(whole)
      .extend({ top: 60, bottom: 60, left: 90, right: 90, background: '#f0f0f0' })
      .png()
      .toBuffer(),
    'lying.jpg': await sharp(whole).rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer(),
    'mark.png': await png(
      Buffer.from(
        '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="120"><circle cx="60" cy="60" r="56" fill="#d22"/><path d="M35 85 V35 H70 A20 20 0 0 1 70 75 H45" fill="none" stroke="#fff" stroke-width="12"/></svg>',
      ),
    ),
  };
}
