/**
 * What is served under /storage/v1, a row a route. A path is matched as it came, so that a key keeps its slashes and dots;
 * words come before what may be a bucket's name.
 */
import type { HttpResponse } from '@peakstone/kernel/http';
import { createBucket, deleteBucket, emptyBucket, getBucket, listBuckets, updateBucket } from './buckets.ts';
import type { Call } from './call.ts';
import { copyObject, moveObject } from './objects/copy.ts';
import {
  getInfo,
  getObject,
  getPublicInfo,
  getPublicObject,
  getSignedObject,
  headObject,
  headPublicObject,
} from './objects/download.ts';
import { listObjects, listObjectsV2 } from './objects/list.ts';
import { deleteObject, deleteObjects } from './objects/remove.ts';
import { signObject, signObjects, signUpload } from './objects/sign.ts';
import { createObject, updateObject, uploadSigned } from './objects/upload.ts';
import { renderAuthenticated, renderPublic, renderSigned, serveSource } from './render.ts';
import { createUpload, deleteUpload, headUpload, patchUpload, tellOptions } from './tus/tus.ts';

export interface Route {
  readonly method: string;
  /** `:bucket` is one segment, `*` what is left; both may be there but once. */
  readonly path: string;
  /** What policies call it. */
  readonly operation: string;
  /** `token`: whoever has none is refused. `any`: whoever has none, or a bad one, is anonymous. `none`: nobody is asked. */
  readonly asks: 'token' | 'any' | 'none' | 'service';
  run(call: Call): Promise<HttpResponse> | HttpResponse;
}

const route = (
  method: string,
  path: string,
  asks: Route['asks'],
  operation: string,
  run: Route['run'],
): Route => ({ method, path, asks, operation: `storage.${operation}`, run });

const routes: readonly Route[] = [
  route('POST', 'bucket', 'token', 'bucket.create', createBucket),
  route('GET', 'bucket', 'token', 'bucket.list', listBuckets),
  route('POST', 'bucket/:bucket/empty', 'service', 'bucket.empty', emptyBucket),
  route('GET', 'bucket/:bucket', 'token', 'bucket.get', getBucket),
  route('PUT', 'bucket/:bucket', 'token', 'bucket.update', updateBucket),
  route('DELETE', 'bucket/:bucket', 'token', 'bucket.delete', deleteBucket),

  route('POST', 'object/copy', 'token', 'object.copy', copyObject),
  route('POST', 'object/move', 'token', 'object.move', moveObject),
  route('POST', 'object/list/:bucket', 'token', 'object.list', listObjects),
  route('POST', 'object/list-v2/:bucket', 'token', 'object.list_v2', listObjectsV2),
  route('POST', 'object/sign/:bucket', 'token', 'object.sign_many', signObjects),
  route('POST', 'object/sign/:bucket/*', 'token', 'object.sign', signObject),
  route('GET', 'object/sign/:bucket/*', 'none', 'object.get_signed', getSignedObject),
  route('HEAD', 'object/sign/:bucket/*', 'none', 'object.get_signed', getSignedObject),
  route('POST', 'object/upload/sign/:bucket/*', 'token', 'object.sign_upload_url', signUpload),
  route('PUT', 'object/upload/sign/:bucket/*', 'none', 'object.upload_signed', uploadSigned),
  route('GET', 'object/info/public/:bucket/*', 'none', 'object.info_public', getPublicInfo),
  route('HEAD', 'object/info/public/:bucket/*', 'none', 'object.info_public', headPublicObject),
  route('GET', 'object/info/authenticated/:bucket/*', 'token', 'object.get_authenticated_info', getInfo),
  route('HEAD', 'object/info/authenticated/:bucket/*', 'token', 'object.head_authenticated_info', headObject),
  route('GET', 'object/info/:bucket/*', 'token', 'object.get_authenticated_info', getInfo),
  route('HEAD', 'object/info/:bucket/*', 'token', 'object.head_authenticated_info', headObject),
  route('GET', 'object/public/:bucket/*', 'none', 'object.get_public', getPublicObject),
  route('HEAD', 'object/public/:bucket/*', 'none', 'object.info_public', headPublicObject),
  route('GET', 'object/authenticated/:bucket/*', 'token', 'object.get_authenticated', getObject),
  route('HEAD', 'object/authenticated/:bucket/*', 'token', 'object.head_authenticated_info', headObject),
  route('DELETE', 'object/:bucket', 'token', 'object.delete_many', deleteObjects),
  route('POST', 'object/:bucket/*', 'token', 'object.upload', createObject),
  route('PUT', 'object/:bucket/*', 'token', 'object.upload_update', updateObject),
  route('GET', 'object/:bucket/*', 'any', 'object.get_authenticated', getObject),
  route('HEAD', 'object/:bucket/*', 'any', 'object.head_authenticated_info', headObject),
  route('DELETE', 'object/:bucket/*', 'token', 'object.delete', deleteObject),

  route(
    'GET',
    'render/image/authenticated/:bucket/*',
    'token',
    'render.image_authenticated',
    renderAuthenticated,
  ),
  route('GET', 'render/image/public/:bucket/*', 'none', 'render.image_public', renderPublic),
  route('GET', 'render/image/sign/:bucket/*', 'none', 'render.image_sign', renderSigned),
  route('GET', 'source/:bucket/*', 'none', 'render.source', serveSource),

  ...(['', '/sign'] as const).flatMap(signed => {
    const place = `upload/resumable${signed}`;
    const asks = signed === '' ? 'token' : 'none';
    const suffix = signed === '' ? '' : '_signed';
    return [
      route('OPTIONS', place, 'none', `tus.options${suffix}`, tellOptions),
      route('OPTIONS', `${place}/*`, 'none', `tus.options${suffix}`, tellOptions),
      route('POST', place, asks, `tus.upload.create${suffix}`, createUpload),
      route('HEAD', `${place}/*`, asks, `tus.upload.get${suffix}`, headUpload),
      route('PATCH', `${place}/*`, asks, `tus.upload.part${suffix}`, patchUpload),
      route('DELETE', `${place}/*`, asks, `tus.upload.delete${suffix}`, deleteUpload),
    ];
  }),
];

export interface Matched {
  readonly route: Route;
  readonly bucket: string;
  readonly key: string;
}

/** Undecoded: what stands where a bucket's name and a key are. */
export function findRoute(method: string, path: string): Matched | undefined {
  const parts = path.split('/');
  for (const each of candidates.get(method) ?? []) {
    const matched = match(each, parts);
    if (matched !== undefined) return { route: each, ...matched };
  }
  return undefined;
}

// Longer words first: a bucket may not be called like one of them.
const candidates = Map.groupBy(
  routes.toSorted((a, b) => weight(b) - weight(a)),
  ({ method }) => method,
);

function weight({ path }: Route): number {
  return path.split('/').reduce((sum, part, place) => sum + (/^[:*]/.test(part) ? 0 : 100 >> place), 0);
}

function match({ path }: Route, parts: readonly string[]): { bucket: string; key: string } | undefined {
  const wanted = path.split('/');
  let bucket = '';
  for (const [place, want] of wanted.entries()) {
    const part = parts[place];
    if (part === undefined) return undefined;
    if (want === '*') return { bucket, key: parts.slice(place).join('/') };
    if (want === ':bucket') {
      if (part === '') return undefined;
      bucket = part;
    } else if (part !== want) return undefined;
  }
  return parts.length === wanted.length ? { bucket, key: '' } : undefined;
}
