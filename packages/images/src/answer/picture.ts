/** A picture as an answer. */
import { encodeHeader, type HttpResponse } from '@peakstone/kernel/http';
import type { ImagesConfig } from '../config.ts';
import type { ProcessResult } from '../engine/types.ts';
import { formats } from '../formats.ts';
import type { Options } from '../options/types.ts';
import type { ParsedUrl } from '../parse/options.ts';
import type { SourceUrl } from '../source/sourceUrl.ts';
import type { SourceHeaders } from '../source/types.ts';
import { contentDisposition } from './disposition.ts';
import { varyOf } from './features.ts';
import { cacheControl } from './freshness.ts';
import { validatorHeaders } from './validators.ts';

/** What an answer tells of its source. */
export interface Told {
  readonly status: number;
  /** Of the source, for how long the answer holds. */
  readonly headers: SourceHeaders;
  /** Those that ETag and Last-Modified are made of. */
  readonly validators: SourceHeaders;
  readonly fallback: boolean;
  /** Of the source's file. */
  readonly bytes: number;
}

const nowS = (): number => Date.now() / 1000;

export function pictureAnswer(
  { options, source }: ParsedUrl,
  told: Told,
  result: ProcessResult,
  data: Buffer,
  config: ImagesConfig,
): HttpResponse {
  const { answers } = config;
  const headers = [
    'Content-Type',
    formats[result.format].mime,
    'Content-Disposition',
    contentDisposition({
      source: source.text,
      filename: options.filename ?? '',
      extension: formats[result.format].extension,
      contentType: '',
      attachment: options.returnAttachment ?? answers.returnAttachment,
    }),
    ...shared(told.status, options, told.headers, config, told.fallback),
    ...canonical(source, config),
    ...validatorHeaders(told.validators, answers),
    ...(answers.debugHeaders ? debugHeaders(result, told.bytes) : []),
  ];
  return { status: told.status, headers, body: data };
}

function debugHeaders(result: ProcessResult, bytes: number): readonly string[] {
  return [
    'X-Origin-Width',
    String(result.originWidth),
    'X-Origin-Height',
    String(result.originHeight),
    'X-Result-Width',
    String(result.resultWidth),
    'X-Result-Height',
    String(result.resultHeight),
    'X-Origin-Content-Length',
    String(bytes),
  ];
}

export function notModified(options: Options, source: SourceHeaders, config: ImagesConfig): HttpResponse {
  const headers = [
    ...shared(304, options, source, config, false),
    ...validatorHeaders(source, config.answers),
  ];
  return { status: 304, headers, body: null };
}

/** Cache-Control and Vary. */
export function shared(
  status: number,
  options: Options,
  source: SourceHeaders,
  { answers, features }: ImagesConfig,
  fallback: boolean,
): readonly string[] {
  const control = cacheControl(status, source, {
    ttl: answers.ttl,
    passthrough: answers.cacheControlPassthrough,
    expires: options.expires,
    fallbackTtl: fallback ? answers.fallbackTtl : 0,
    nowS: nowS(),
  });
  const vary = [varyOf(features), options.best ? 'Accept' : ''].find(each => each !== '') ?? '';
  return [...(control === null ? [] : ['Cache-Control', control]), ...(vary === '' ? [] : ['Vary', vary])];
}

export function canonical(source: SourceUrl, { answers }: ImagesConfig): readonly string[] {
  if (!answers.canonicalHeader || source.kind !== 'web') return [];
  const safe = source.text.replace(/[\x00-\x20\x7f<>"]/g, encodeURIComponent);
  return ['Link', encodeHeader(`<${safe}>; rel="canonical"`)];
}
