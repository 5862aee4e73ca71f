/** Reading objects: by whoever row security lets, by anybody, by whoever has a signed URL. */
import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import type { StoredObject } from '../../records/statements.ts';
import type { Call } from '../call.ts';
import { malformed } from '../errors.ts';
import { findBytes, findPublic, findReadable, findStored } from './find.ts';
import { describeStored, serveObject } from './serve.ts';

export async function getObject(call: Call): Promise<HttpResponse> {
  return await serveObject(call, await findReadable(call));
}

export async function getPublicObject(call: Call): Promise<HttpResponse> {
  return await serveObject(call, await findPublic(call));
}

export async function getSignedObject(call: Call): Promise<HttpResponse> {
  const token = readToken(call);
  const { exp } = call.door.tokens.open(token, 'download', `${call.bucket}/${call.key}`);
  return await serveObject(call, await findStored(call, 'service'), { expires: exp && exp * 1000 });
}

export async function headObject(call: Call): Promise<HttpResponse> {
  return await describeStored(call, await findReadable(call));
}

export async function headPublicObject(call: Call): Promise<HttpResponse> {
  return await describeStored(call, await findPublic(call));
}

export async function getInfo(call: Call): Promise<HttpResponse> {
  return await inform(call, await findReadable(call));
}

export async function getPublicInfo(call: Call): Promise<HttpResponse> {
  return await inform(call, await findPublic(call));
}

async function inform(call: Call, stored: StoredObject): Promise<HttpResponse> {
  const { row } = await findBytes(call, stored);
  const { id, name, version, bucket_id, user_metadata, created_at, metadata } = stored;
  return jsonResponse(200, {
    id,
    name,
    version,
    bucket_id,
    size: row.size,
    content_type: metadata?.mimetype ?? null,
    cache_control: metadata?.cacheControl ?? null,
    etag: `"${row.etag}"`,
    metadata: user_metadata,
    last_modified: new Date(row.modified).toISOString(),
    created_at,
  });
}

/** @throws {StorageError} InvalidRequest */
export function readToken({ query }: Call): string {
  const token = query.get('token');
  if (token === null) throw malformed("querystring must have required property 'token'");
  return token;
}
