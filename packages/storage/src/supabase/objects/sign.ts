/** URLs that let whoever has them read, or write, one object for a while. */

import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import { arrayLiteral } from '@peakstone/kernel/pg';
import { readFields, readJson } from '../body.ts';
import { anyBucket } from '../buckets.ts';
import { asCaller, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertBucketName, assertKey, assertNoNul } from '../names.ts';
import { transformationFields, writeTransformations } from '../transform.ts';
import { findStored } from './find.ts';
import { assertMayWrite, readUserMetadata } from './upload.ts';

const maxSeconds = 1e11;
const maxPaths = 1000;

export async function signObject(call: Call): Promise<HttpResponse> {
  const { bucket, key, door } = call;
  assertBucketName(bucket);
  const body = await readJson(call.http, {
    expiresIn: { kind: 'integer', required: true, least: 1 },
    transform: { kind: 'object' },
  });
  const seconds = readSeconds(body.expiresIn);
  await findStored(call, 'caller');
  const transform = readFields(
    'body/transform',
    (body.transform ?? {}) as Record<string, unknown>,
    transformationFields,
  );
  const transformations = writeTransformations(transform);
  const url = `${bucket}/${key}`;
  const token = door.tokens.sign(
    'download',
    { url, ...(transformations !== '' && { transformations }) },
    seconds,
  );
  const place = transformations === '' ? 'object' : 'render/image';
  return jsonResponse(200, { signedURL: signedUrl(place, url, token) });
}

export async function signObjects(call: Call): Promise<HttpResponse> {
  const { bucket, door } = call;
  assertBucketName(bucket);
  const body = await readJson(call.http, {
    expiresIn: { kind: 'integer', required: true, least: 1 },
    paths: { kind: 'strings', required: true, least: 1 },
  });
  const seconds = readSeconds(body.expiresIn);
  const paths = body.paths as string[];
  if (paths.length > maxPaths)
    throw new StorageError('InvalidRequest', `body/paths must NOT have more than ${maxPaths} items`, {
      error: 'Error',
    });
  const names = await asCaller<string>(call, {
    text: 'select pg_catalog.to_json(o.name) from storage.objects o where o.bucket_id = $1 and o.name collate "C" = any($2::text[])',
    values: [bucket, arrayLiteral(paths)],
  });
  const there = new Set(names);
  return jsonResponse(
    200,
    paths.map(path => {
      if (!there.has(path))
        return {
          error: 'Either the object does not exist or you do not have access to it',
          path,
          signedURL: null,
        };
      const url = `${bucket}/${path}`;
      return {
        error: null,
        path,
        signedURL: signedUrl('object', url, door.tokens.sign('download', { url }, seconds)),
      };
    }),
  );
}

export async function signUpload(call: Call): Promise<HttpResponse> {
  const { bucket, key, door, http, caller } = call;
  assertBucketName(bucket);
  assertKey(key);
  await anyBucket(call);
  const upsert = http.headers['x-upsert'] === 'true';
  const length = http.headers['content-length'];
  await assertMayWrite(call, {
    upsert,
    userMetadata: readUserMetadata(http.headers['x-metadata']),
    metadata: {
      mimetype: http.headers['content-type'],
      ...(length !== undefined && { contentLength: Number(length) }),
    },
  });
  const url = `${bucket}/${key}`;
  const token = door.tokens.sign(
    'upload',
    { url, upsert, owner: caller.subject, by: caller },
    door.uploadUrlSeconds,
  );
  // This one clients take as it is.
  const encoded = url.split('/').map(encodeURIComponent).join('/');
  return jsonResponse(200, { url: signedUrl('object/upload', encoded, token), token });
}

/** Clients put it behind the address that they know, and encode what a URL cannot hold themselves. */
function signedUrl(place: string, url: string, token: string): string {
  assertNoNul(url);
  return `/${place}/sign/${url}?token=${token}`;
}

function readSeconds(value: unknown): number {
  if (typeof value === 'number' && value >= 1 && value <= maxSeconds) return Math.floor(value);
  throw new StorageError('InvalidParameter', 'Invalid Parameter expiresIn');
}
