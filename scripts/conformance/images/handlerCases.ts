/**
 * What imgproxy's own tests ask of its handler over HTTP, without those that put a hook into its code: a resolver, a codec
 * that is switched off.
 */

import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import type { Answer } from './look.ts';

/** What the origin of one case answers. */
export interface OriginAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HandlerCase {
  readonly name: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** `{origin}` is where `origin` answers, `{size/2}` half the size of the JPEG. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** It answers with test1.png where it answers 200. Default: no other than that. */
  readonly origin?: (headers: IncomingHttpHeaders) => OriginAnswer;
  readonly status: number;
  /** What else must hold: what does not, in words. */
  readonly check?: (answer: Answer, files: TestFiles) => string | null;
}

/** Files of imgproxy's test data. */
export type TestFiles = (name: string) => Buffer;

export const filesIn =
  (root: string): TestFiles =>
  name =>
    readFileSync(path.join(root, name));

const png = 'plain/local:///test1.png';
const small = '/unsafe/rs:fill:4:4';
const fromOrigin = '/unsafe/plain/{origin}';
const jpeg = 'plain/local:///test-images/jpg/jpg.jpg@jpg';
const keys = {
  IMGPROXY_KEY: Buffer.from('test-key').toString('hex'),
  IMGPROXY_SALT: Buffer.from('test-salt').toString('hex'),
};

const isFile =
  (name: string) =>
  ({ body }: Answer, files: TestFiles): string | null =>
    body.equals(files(name)) ? null : `not ${name} as it is`;
const isNotFile =
  (name: string) =>
  ({ body }: Answer, files: TestFiles): string | null =>
    body.equals(files(name)) ? `${name} as it is` : null;
const header =
  (name: string, wanted: RegExp | string | undefined) =>
  ({ headers }: Answer): string | null => {
    const value = headers[name];
    const holds = wanted instanceof RegExp ? wanted.test(value ?? '') : value === wanted;
    return holds ? null : `${name}: ${value}`;
  };
const all =
  (...checks: readonly NonNullable<HandlerCase['check']>[]) =>
  (answer: Answer, files: TestFiles): string | null =>
    checks.map(check => check(answer, files)).find(failure => failure !== null) ?? null;

const modified = 'Wed, 21 Oct 2015 07:28:00 GMT';
const later = 'Thu, 25 Feb 2021 01:45:00 GMT';
const earlier = 'Tue, 01 Oct 2013 17:31:00 GMT';
const buster = '2026-01-02T03:04:05Z';
const etag = '"loremipsumdolor"';

/** 500 where the source was asked with another condition than it should have been. */
const expects =
  (holds: (headers: IncomingHttpHeaders) => boolean, answer: OriginAnswer) =>
  (headers: IncomingHttpHeaders): OriginAnswer =>
    holds(headers) ? answer : { status: 500 };

const since = (time: string | undefined, answer: OriginAnswer) =>
  expects(headers => headers['if-modified-since'] === time, answer);
const withoutTimes = { IMGPROXY_USE_LAST_MODIFIED: 'false' };

export const handlerCases: readonly HandlerCase[] = [
  { name: 'no signature', settings: keys, path: `${small}/${png}`, status: 403 },
  { name: 'a bad signature', settings: keys, path: `/bad-signature/rs:fill:4:4/${png}`, status: 403 },
  {
    name: 'a valid signature',
    settings: keys,
    path: `/My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI/rs:fill:4:4/${png}`,
    status: 200,
  },
  {
    name: 'a source on loopback, allowed',
    path: `${small}/plain/{origin}/test1.png`,
    origin: () => ({ status: 200 }),
    status: 200,
  },
  {
    name: 'a source on loopback, not allowed',
    settings: { IMGPROXY_ALLOW_LOOPBACK_SOURCE_ADDRESSES: 'false' },
    path: `${small}/plain/{origin}/test1.png`,
    origin: () => ({ status: 200 }),
    status: 404,
  },
  {
    name: 'skipped by setting',
    settings: { IMGPROXY_SKIP_PROCESSING_FORMATS: 'png' },
    path: `${small}/${png}`,
    status: 200,
    check: isFile('test1.png'),
  },
  {
    name: 'skipped by option',
    path: `${small}/skp:png/${png}`,
    status: 200,
    check: isFile('test1.png'),
  },
  {
    name: 'skipped with the same format',
    settings: { IMGPROXY_SKIP_PROCESSING_FORMATS: 'png' },
    path: `${small}/${png}@png`,
    status: 200,
    check: isFile('test1.png'),
  },
  {
    name: 'not skipped with another format',
    settings: { IMGPROXY_SKIP_PROCESSING_FORMATS: 'png' },
    path: `${small}/${png}@jpg`,
    status: 200,
    check: isNotFile('test1.png'),
  },
  {
    name: 'SVG passed on, sanitised',
    path: `${small}/plain/local:///test1.svg`,
    status: 200,
    check: isFile('test1.sanitized.svg'),
  },
  {
    name: 'SVG to JPEG',
    path: `${small}/plain/local:///test1.svg@jpg`,
    status: 200,
    check: isNotFile('test1.svg'),
  },
  { name: 'PNG to SVG', path: `${small}/${png}@svg`, status: 422 },
  {
    name: 'the Cache-Control of the source',
    settings: { IMGPROXY_CACHE_CONTROL_PASSTHROUGH: 'true' },
    path: fromOrigin,
    origin: () => ({
      status: 200,
      headers: { 'Cache-Control': 'max-age=1234, public', Expires: inSeconds(3600) },
    }),
    status: 200,
    check: all(header('cache-control', 'max-age=1234, public'), header('expires', undefined)),
  },
  {
    name: 'the Expires of the source',
    settings: { IMGPROXY_CACHE_CONTROL_PASSTHROUGH: 'true' },
    path: fromOrigin,
    origin: () => ({ status: 200, headers: { Expires: inSeconds(1239) } }),
    status: 200,
    check: all(header('cache-control', /^max-age=123\d, public$/), header('expires', undefined)),
  },
  {
    name: 'the Cache-Control of the source, switched off',
    settings: { IMGPROXY_CACHE_CONTROL_PASSTHROUGH: 'false' },
    path: fromOrigin,
    origin: () => ({
      status: 200,
      headers: { 'Cache-Control': 'max-age=1234, public', Expires: inSeconds(3600) },
    }),
    status: 200,
    check: all(header('cache-control', /^(?!max-age=1234, public$)/), header('expires', undefined)),
  },
  {
    name: 'ETag switched off',
    settings: { IMGPROXY_USE_ETAG: 'false' },
    path: `${small}/${png}`,
    status: 200,
    check: header('etag', undefined),
  },
  {
    name: 'an ETag that matches',
    settings: { IMGPROXY_USE_ETAG: 'true' },
    path: fromOrigin,
    headers: { 'If-None-Match': etag },
    origin: expects(headers => headers['if-none-match'] !== undefined, {
      status: 304,
      headers: { ETag: etag },
    }),
    status: 304,
    check: header('etag', etag),
  },
  {
    name: 'an ETag with a buster',
    settings: { IMGPROXY_USE_ETAG: 'true', IMGPROXY_ETAG_BUSTER: 'buster' },
    path: fromOrigin,
    origin: () => ({ status: 200, headers: { ETag: etag } }),
    status: 200,
    // Their test of it is never run, for its name, and expects an ETag without its quotes; their server sends this.
    check: header('etag', `"buster/${Buffer.from(etag).toString('base64url')}"`),
  },
  {
    name: 'Last-Modified',
    path: fromOrigin,
    origin: () => ({ status: 200, headers: { 'Last-Modified': modified } }),
    status: 200,
    check: header('last-modified', modified),
  },
  {
    name: 'Last-Modified, switched off',
    settings: withoutTimes,
    path: fromOrigin,
    origin: () => ({ status: 200, headers: { 'Last-Modified': modified } }),
    status: 200,
    check: header('last-modified', undefined),
  },
  {
    name: 'Last-Modified with a buster',
    settings: { IMGPROXY_LAST_MODIFIED_BUSTER: buster },
    path: fromOrigin,
    origin: () => ({ status: 200, headers: { 'Last-Modified': modified } }),
    status: 200,
    check: header('last-modified', new Date(buster).toUTCString()),
  },
  ...[
    { words: 'the same time', time: modified, answer: { status: 304 }, status: 304 },
    { words: 'a later time', time: later, answer: { status: 304 }, status: 304 },
    { words: 'an earlier time', time: earlier, answer: { status: 200 }, status: 200 },
  ].flatMap(({ words, time, answer, status }): HandlerCase[] => [
    {
      name: `modified since ${words}`,
      path: fromOrigin,
      headers: { 'If-Modified-Since': time },
      origin: since(time, answer),
      status,
    },
    {
      name: `modified since ${words}, switched off`,
      settings: withoutTimes,
      path: fromOrigin,
      headers: { 'If-Modified-Since': time },
      origin: since(undefined, { status: 200 }),
      status: 200,
    },
  ]),
  {
    name: 'SVG always as pixels',
    settings: { IMGPROXY_ALWAYS_RASTERIZE_SVG: 'true' },
    path: '/unsafe/rs:fill:40:40/plain/local:///test1.svg',
    status: 200,
    check: header('content-type', 'image/png'),
  },
  {
    name: 'SVG always as pixels, WebP enforced',
    settings: { IMGPROXY_ALWAYS_RASTERIZE_SVG: 'true', IMGPROXY_ENFORCE_WEBP: 'true' },
    path: '/unsafe/plain/local:///test1.svg',
    headers: { Accept: 'image/webp' },
    status: 200,
    check: header('content-type', 'image/webp'),
  },
  {
    name: 'SVG as it is, WebP enforced',
    settings: { IMGPROXY_ENFORCE_WEBP: 'true' },
    path: '/unsafe/plain/local:///test1.svg',
    status: 200,
    check: header('content-type', 'image/svg+xml'),
  },
  {
    name: 'SVG always as pixels, SVG asked for',
    settings: { IMGPROXY_ALWAYS_RASTERIZE_SVG: 'true', IMGPROXY_SKIP_PROCESSING_FORMATS: 'svg' },
    path: '/unsafe/plain/local:///test1.svg@svg',
    status: 200,
    check: header('content-type', 'image/svg+xml'),
  },
  {
    name: 'a source larger than allowed',
    settings: { IMGPROXY_MAX_SRC_FILE_SIZE: '1' },
    path: `${small}/plain/{origin}`,
    origin: () => ({ status: 200 }),
    status: 422,
  },
  { name: 'raw', path: `/unsafe/raw:1/${png}`, status: 200, check: isFile('test1.png') },
  {
    name: 'at most half the bytes',
    path: `/unsafe/mb:{size/2}/${jpeg}`,
    status: 200,
    check: ({ body }, files) => {
      const size = files('test-images/jpg/jpg.jpg').length;
      return body.length <= size / 2 ? null : `${body.length} of ${size} bytes`;
    },
  },
  {
    name: 'a preset',
    settings: { IMGPROXY_PRESETS: 'default=pixelate:10' },
    path: '/unsafe/preset:default/plain/local:///geometry.png',
    status: 200,
    check: isNotFile('geometry.png'),
  },
];

function inSeconds(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toUTCString();
}
