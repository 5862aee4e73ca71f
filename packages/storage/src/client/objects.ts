/** Objects and listings, as functions of a connection. */
import { createHash } from 'node:crypto';
import { childOf, childrenOf, textOf } from '../xml/parse.ts';
import { document, element } from '../xml/write.ts';
import {
  assertNoError,
  decode,
  encodeSource,
  type Headers,
  need,
  nextPage,
  type Place,
  parseAnswer,
  pathOf,
  quoted,
  unquote,
} from './answers.ts';
import type { Connection, Reply } from './connection.ts';
import { ClientError } from './error.ts';

export interface BucketEntry {
  readonly name: string;
  readonly created: string;
}

export interface ObjectEntry {
  readonly kind: 'object';
  readonly key: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  /** ISO 8601. */
  readonly modified: string;
}

export interface PrefixEntry {
  readonly kind: 'prefix';
  readonly key: string;
}

export interface VersionEntry {
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly isMarker: boolean;
  readonly size: number;
  readonly etag: string;
  readonly modified: string;
}

export interface ReadOptions {
  readonly versionId?: string | undefined;
  /** First byte to be read. */
  readonly from?: number | undefined;
  /** Last byte to be read. */
  readonly to?: number | undefined;
  readonly ifMatch?: string | undefined;
}

export async function listBuckets(connection: Connection): Promise<BucketEntry[]> {
  const answer = parseAnswer(await connection.read({ path: '/' }));
  const buckets = childOf(answer, 'Buckets');
  return childrenOf(buckets ?? answer, 'Bucket').map(each => ({
    name: need(each, 'Name'),
    created: need(each, 'CreationDate'),
  }));
}

/** @param delimiter empty: everything below the prefix */
export async function* listObjects(
  connection: Connection,
  { bucket, key: prefix }: Place,
  delimiter: '' | '/',
): AsyncGenerator<ObjectEntry | PrefixEntry> {
  for (let token: string | undefined; ; ) {
    const page = parseAnswer(
      await connection.read({
        path: `/${bucket}`,
        query: {
          'list-type': '2',
          prefix,
          'encoding-type': 'url',
          ...(delimiter && { delimiter }),
          'continuation-token': token,
        },
      }),
      'ListBucketResult',
    );
    for (const each of childrenOf(page, 'CommonPrefixes'))
      yield { kind: 'prefix', key: decode(need(each, 'Prefix')) };
    for (const each of childrenOf(page, 'Contents'))
      yield {
        kind: 'object',
        key: decode(need(each, 'Key')),
        size: Number(need(each, 'Size')),
        etag: unquote(textOf(each, 'ETag')),
        modified: need(each, 'LastModified'),
      };
    token = nextPage(page, 'NextContinuationToken');
    if (token === undefined) return;
  }
}

/** All versions and markers, keys in order, each key's newest first. */
export async function* listVersions(
  connection: Connection,
  { bucket, key: prefix }: Place,
): AsyncGenerator<VersionEntry> {
  for (let marker: { key: string; version: string | undefined } | undefined; ; ) {
    const page = parseAnswer(
      await connection.read({
        path: `/${bucket}`,
        query: {
          versions: '',
          prefix,
          'encoding-type': 'url',
          'key-marker': marker?.key,
          'version-id-marker': marker?.version,
        },
      }),
      'ListVersionsResult',
    );
    for (const each of page.children) {
      if (each.name !== 'Version' && each.name !== 'DeleteMarker') continue;
      yield {
        key: decode(need(each, 'Key')),
        versionId: need(each, 'VersionId'),
        isLatest: textOf(each, 'IsLatest') === 'true',
        isMarker: each.name === 'DeleteMarker',
        size: Number(textOf(each, 'Size') ?? 0),
        etag: unquote(textOf(each, 'ETag')),
        modified: need(each, 'LastModified'),
      };
    }
    const next = nextPage(page, 'NextKeyMarker');
    if (next === undefined) return;
    marker = { key: decode(next), version: textOf(page, 'NextVersionIdMarker') || undefined };
  }
}

/** What is told of an object; undefined: there is none. @throws {ClientError} */
export async function headObject(
  connection: Connection,
  place: Place,
  versionId?: string,
): Promise<Reply | undefined> {
  const reply = await connection.send({
    method: 'HEAD',
    path: pathOf(place),
    query: { versionId },
    accept: [404],
  });
  reply.body.resume();
  if (reply.status !== 404) return reply;
  if (reply.headers['x-minio-error-code'] === 'NoSuchBucket')
    throw new ClientError(
      'NoSuchBucket',
      404,
      `There is no bucket ${place.bucket}.`,
      `Make it: peakstone storage mb ${place.bucket}`,
    );
  return undefined;
}

/** @throws {ClientError} NoSuchKey, PreconditionFailed … */
export async function getObject(
  connection: Connection,
  place: Place,
  { versionId, from = 0, to, ifMatch }: ReadOptions = {},
): Promise<Reply> {
  const ranged = from > 0 || to !== undefined;
  return await connection.send({
    path: pathOf(place),
    query: { versionId },
    headers: {
      range: ranged ? `bytes=${from}-${to ?? ''}` : undefined,
      'if-match': ifMatch === undefined ? undefined : quoted(ifMatch),
    },
  });
}

/** @returns what the server told of it */
export async function putObject(
  connection: Connection,
  place: Place,
  body: Buffer,
  headers: Headers = {},
): Promise<Reply> {
  const reply = await connection.send({ method: 'PUT', path: pathOf(place), body, headers });
  reply.body.resume();
  return reply;
}

/** On the server, up to 5 GiB. Some servers tell a failure in a body under 200. */
export async function copyObject(
  connection: Connection,
  source: Place,
  target: Place,
  headers: Headers = {},
): Promise<void> {
  const text = await connection.text({
    method: 'PUT',
    path: pathOf(target),
    headers: { ...headers, 'x-amz-copy-source': encodeSource(source) },
  });
  assertNoError(text, target);
}

/** @returns what could not be deleted, and why */
export async function deleteObjects(
  connection: Connection,
  bucket: string,
  targets: readonly { readonly key: string; readonly versionId?: string | undefined }[],
  headers: Headers = {},
): Promise<{ readonly key: string; readonly message: string }[]> {
  const body = Buffer.from(
    document('Delete', [
      ...targets.map(({ key, versionId }) =>
        element('Object', [
          element('Key', key),
          ...(versionId === undefined ? [] : [element('VersionId', versionId)]),
        ]),
      ),
      element('Quiet', true),
    ]),
  );
  const answer = parseAnswer(
    await connection.read({
      method: 'POST',
      path: `/${bucket}`,
      query: { delete: '' },
      headers: { ...headers, 'content-md5': createHash('md5').update(body).digest('base64') },
      body,
    }),
  );
  return childrenOf(answer, 'Error').map(each => ({
    key: childOf(each, 'Key')?.text ?? '',
    message: textOf(each, 'Message') || textOf(each, 'Code') || 'refused',
  }));
}
