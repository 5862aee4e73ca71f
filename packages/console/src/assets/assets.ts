/** The web app's files, as the build made them: read once, served from memory, smaller where the browser can take it. */

import { randomBytes } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Encodings that the build has made, best first. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

/** What stands in the page for the nonce of its answer. */
const NONCE = '__NONCE__';

interface Asset {
  readonly type: string;
  readonly plain: Buffer;
  readonly encoded: Readonly<Record<string, Buffer>>;
  /** Its name holds its content's hash. */
  readonly isHashed: boolean;
}

export interface Assets {
  /** Null where the build has no such file. */
  file(request: HttpRequest, name: string): HttpResponse | null;
  /** The page, for every address within the console. */
  page(): HttpResponse;
}

/** Null where nothing is built. */
export function findAssets(folder: string): Assets | null {
  const built = path.join(folder, 'index.html');
  if (!existsSync(built)) return null;
  const page = readFileSync(built, 'utf8');
  const files = new Map<string, Asset>();
  for (const name of globSync('**/*', { cwd: folder, withFileTypes: true })) {
    const file = path.join(name.parentPath, name.name);
    if (!name.isFile() || /\.(br|gz|map)$/.test(file)) continue;
    const encoded = ENCODINGS.flatMap(({ name: encoding, extension }) =>
      existsSync(file + extension) ? [[encoding, readFileSync(file + extension)] as const] : [],
    );
    files.set(path.relative(folder, file).replaceAll(path.sep, '/'), {
      type: TYPES[path.extname(file)] ?? 'application/octet-stream',
      plain: readFileSync(file),
      encoded: Object.fromEntries(encoded),
      isHashed: path.relative(folder, file).startsWith('assets'),
    });
  }
  return {
    file(request, name) {
      const asset = files.get(name);
      if (asset === undefined || name === 'index.html') return null;
      const wanted = request.headers['accept-encoding'] ?? '';
      const encoding = ENCODINGS.find(each => wanted.includes(each.name) && asset.encoded[each.name])?.name;
      return {
        status: 200,
        headers: [
          'Content-Type',
          asset.type,
          'X-Content-Type-Options',
          'nosniff',
          'Vary',
          'Accept-Encoding',
          'Cache-Control',
          asset.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
          ...(encoding ? ['Content-Encoding', encoding] : []),
        ],
        body: encoding ? asset.encoded[encoding]! : asset.plain,
      };
    },
    page() {
      const nonce = randomBytes(16).toString('base64');
      return {
        status: 200,
        headers: ['Content-Type', TYPES['.html']!, ...pageHeaders(nonce)],
        body: page.replaceAll(NONCE, nonce),
      };
    },
  };
}

/** Nothing from elsewhere, no frame around it, no text that becomes code. */
function pageHeaders(nonce: string): readonly string[] {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "connect-src 'self'",
    "font-src 'self'",
    "img-src 'self' blob: data:",
    "frame-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
  return [
    'Content-Security-Policy',
    policy,
    'X-Content-Type-Options',
    'nosniff',
    'X-Frame-Options',
    'DENY',
    'Referrer-Policy',
    'no-referrer',
    'Cross-Origin-Opener-Policy',
    'same-origin',
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Cache-Control',
    'no-store',
  ];
}
