/**
 * `/render/image`: who may is decided here, the picture is made by the image service, which fetches the object by an address
 * that holds for a moment.
 */
import { type HttpBody, type HttpResponse, jsonResponse, withHeaders } from '@peakstone/kernel/http';
import type { StoredObject } from '../records/statements.ts';
import * as sql from '../records/statements.ts';
import { readFields } from './body.ts';
import { asService, type Call } from './call.ts';
import { StorageError } from './errors.ts';
import { readToken } from './objects/download.ts';
import { findPublic, findReadable, findStored } from './objects/find.ts';
import { serveObject } from './objects/serve.ts';
import { imageOptions, readTransformations, transformationFields } from './transform.ts';

const sourceSeconds = 120;
const patienceMs = 60_000;
/** What a picture's answer tells of itself. */
const passedOn = ['content-type', 'content-length', 'last-modified'];

export async function renderAuthenticated(call: Call): Promise<HttpResponse> {
  return await render(call, await findReadable(call), Object.fromEntries(call.query));
}

export async function renderPublic(call: Call): Promise<HttpResponse> {
  return await render(call, await findPublic(call), Object.fromEntries(call.query));
}

export async function renderSigned(call: Call): Promise<HttpResponse> {
  const { exp, transformations } = call.door.tokens.open(
    readToken(call),
    'download',
    `${call.bucket}/${call.key}`,
  );
  const transform = transformations === undefined ? {} : readTransformations(transformations);
  const answer = await render(call, await findStored(call, 'service'), transform);
  return exp === undefined ? answer : withHeaders(answer, ['Expires', new Date(exp * 1000).toUTCString()]);
}

/** What the image service fetches: the token says which bytes. */
export async function serveSource(call: Call): Promise<HttpResponse> {
  const { owner: version } = call.door.tokens.open(
    readToken(call),
    'download',
    `source:${call.bucket}/${call.key}`,
  );
  const [stored] = await asService<StoredObject>(call, sql.findObject(call.bucket, call.key));
  if (stored === undefined || stored.version !== version)
    throw new StorageError('NoSuchKey', undefined, { status: 404 });
  return await serveObject({ ...call, query: new URLSearchParams() }, stored);
}

async function render(
  call: Call,
  stored: StoredObject,
  asked: Readonly<Record<string, unknown>>,
): Promise<HttpResponse> {
  const { door, bucket, key, http } = call;
  if (door.render === undefined)
    throw new StorageError(
      'FeatureNotEnabled',
      'The feature imageTransformation is not enabled for this resource',
    );
  const options = imageOptions(readFields('querystring', asked, transformationFields));
  const token = door.tokens.sign(
    'download',
    { url: `source:${bucket}/${key}`, owner: stored.version ?? '' },
    sourceSeconds,
  );
  const place = [bucket, ...key.split('/')].map(encodeURIComponent).join('/');
  const source = `${door.render.ownOrigin}/v1/source/${place}?token=${token}`;
  const abort = new AbortController();
  http.onAborted(() => abort.abort());
  const answer = await fetch(door.render.url(source, options.join('/')), {
    headers: http.headers.accept === undefined ? {} : { accept: http.headers.accept },
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(patienceMs)]),
  }).catch((cause: unknown) => {
    throw new StorageError('InternalError', 'The image service does not answer.', { status: 503, cause });
  });
  if (!answer.ok) return await refuse(answer);
  const metadata = stored.metadata ?? {};
  const headers = passedOn.flatMap(name => {
    const value = answer.headers.get(name);
    return value === null ? [] : [name, value];
  });
  return {
    status: 200,
    headers: [
      ...headers,
      'Cache-Control',
      typeof metadata.cacheControl === 'string' ? metadata.cacheControl : 'no-cache',
      'Vary',
      'Accept',
      'X-Robots-Tag',
      'none',
      'X-Content-Type-Options',
      'nosniff',
      ...(options.length > 0 ? ['X-Transformations', options.join(',')] : []),
    ],
    body: answer.body as unknown as HttpBody,
  };
}

/** Of what the image service said no more than that it is about the picture: its words may hold addresses. */
async function refuse(answer: Response): Promise<HttpResponse> {
  await answer.body?.cancel();
  if (answer.status === 404)
    throw new StorageError('NoSuchKey', 'The resource was not found', { error: 'Not found' });
  if (answer.status === 429 || answer.status === 503) throw new StorageError('SlowDown');
  // 500 is what it says of bytes that are no picture after all.
  if (answer.status > 500) throw new StorageError('InternalError', 'The image service failed.');
  return jsonResponse(400, {
    statusCode: '400',
    error: 'InvalidRequest',
    message: 'The source image is invalid or unsupported for rendering',
    code: 'InvalidRequest',
  });
}
