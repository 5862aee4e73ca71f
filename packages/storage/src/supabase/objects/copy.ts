/** Copies and moves. The bytes of a copy are its own; a move takes them along where nothing else needs them. */

import { createHash } from 'node:crypto';
import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import { openFor, sealFor } from '../../operations/object/encryption.ts';
import type { StoredObject } from '../../records/statements.ts';
import * as sql from '../../records/statements.ts';
import type { StagedBody } from '../../store/bodies.ts';
import type { BucketRow, Sealed } from '../../store/rows.ts';
import { announce } from '../announce.ts';
import { readFields, readJson, type Shape } from '../body.ts';
import { anyBucket } from '../buckets.ts';
import { asCaller, byCaller, type Call } from '../call.ts';
import { StorageError } from '../errors.ts';
import { assertBucketName, assertKey } from '../names.ts';
import { type Found, findBytes, findStored } from './find.ts';
import { unsaid } from './unsaid.ts';
import { assertMayWrite, draftOf, readUserMetadata } from './upload.ts';

const places: Shape = {
  bucketId: { kind: 'string', required: true },
  sourceKey: { kind: 'string', required: true },
  destinationBucket: { kind: 'string' },
  destinationKey: { kind: 'string', required: true },
};

const copying: Shape = { ...places, metadata: { kind: 'object' }, copyMetadata: { kind: 'boolean' } };
const fileMetadata: Shape = { cacheControl: { kind: 'string' }, mimetype: { kind: 'string' } };

interface Places {
  readonly from: { readonly bucket: string; readonly key: string };
  readonly to: { readonly bucket: string; readonly key: string };
}

function placesOf(body: Readonly<Record<string, unknown>>): Places {
  const { bucketId, sourceKey, destinationBucket, destinationKey } = body as Record<string, string>;
  const from = { bucket: bucketId!, key: sourceKey! };
  const to = { bucket: destinationBucket || bucketId!, key: destinationKey! };
  assertBucketName(from.bucket);
  assertBucketName(to.bucket);
  assertKey(to.key);
  return { from, to };
}

export async function copyObject(call: Call): Promise<HttpResponse> {
  const { http, door, caller } = call;
  const body = await readJson(http, copying);
  const { from, to } = placesOf(body);
  const found = await findBytes(call, await findStored(call, 'caller', from.key, from.bucket));
  await anyBucket(call, to.bucket);
  const { stored, row } = found;
  const given = readFields('body/metadata', (body.metadata ?? {}) as Record<string, unknown>, fileMetadata);
  const copiesMetadata = body.copyMetadata !== false;
  const told = { ...stored.metadata, ...(copiesMetadata ? {} : given) };
  const userMetadata = copiesMetadata
    ? (stored.user_metadata ?? {})
    : (readUserMetadata(http.headers['x-metadata']) ?? {});
  const upsert = http.headers['x-upsert'] === 'true';
  await assertMayWrite(call, { upsert, userMetadata, metadata: told, bucket: to.bucket, key: to.key });
  const bucket = await door.records.buckets.bucketOf(to.bucket);
  const { staged, etag, sealed } = await copyBytes(call, found, bucket);
  let made: StoredObject | undefined;
  try {
    await door.store.objects.put(bucket, to.key, {
      draft: {
        ...draftOf(bucket, {
          type: String(told.mimetype ?? row.headers['content-type']),
          cacheControl: String(told.cacheControl ?? 'no-cache'),
          userMetadata,
        }),
        sealed,
      },
      body: staged,
      etag,
      also: announce(call, bucket, to.key, 'ObjectCreated:Copy'),
      record: {
        ownerId: caller.subject,
        by: byCaller(call),
        userMetadata,
        mode: upsert ? 'upsert' : 'insert',
        onRow: stored => {
          made = stored as unknown as StoredObject;
        },
      },
    });
  } catch (error) {
    await door.store.bodies.discard(staged);
    throw error;
  }
  return jsonResponse(200, { Id: made?.id, Key: `${to.bucket}/${to.key}`, ...made });
}

export async function moveObject(call: Call): Promise<HttpResponse> {
  const { door, caller } = call;
  const body = await readJson(call.http, places);
  const { from, to } = placesOf(body);
  const values = {
    bucket: to.bucket,
    name: to.key,
    version: '1',
    metadata: '{}',
    userMetadata: undefined,
    ownerId: caller.subject,
  };
  const stored = await findStored(call, 'caller', from.key, from.bucket);
  const isSame = from.bucket === to.bucket && from.key === to.key;
  await anyBucket(call, to.bucket);
  // Seeing it, and making it another's.
  const tried = await asCaller(
    call,
    sql.moveObject(
      { bucket: from.bucket, name: from.key },
      {
        ...values,
        metadata: JSON.stringify(stored.metadata ?? {}),
        userMetadata: stored.user_metadata ?? undefined,
      },
    ),
    { end: 'rollback' },
  );
  if (tried.length === 0) throw new StorageError('NoSuchKey');
  if (isSame) return jsonResponse(200, { message: 'Successfully moved', Id: stored.id, Key: stored.name });
  const found = await findBytes(call, stored);
  const { row } = found;
  const [source, target] = [found.bucket, await door.records.buckets.bucketOf(to.bucket)];
  // Versions that are kept need their bytes.
  const isTakenOver = source.versioning === undefined;
  const { staged, sealed } = isTakenOver
    ? {
        staged: { blob: row.blob, size: row.size, inline: undefined, isTakenOver } as const,
        sealed: row.sealed,
      }
    : await copyBytes(call, found, target);
  try {
    await door.store.objects.put(target, to.key, {
      draft: { ...row, owner: target.owner, sealed },
      body: staged,
      etag: row.etag,
      checksum: row.checksum,
      partCount: row.blob.kind === 'parts' && isTakenOver ? row.partCount : undefined,
      also: (writes, made) => {
        announce(call, target, to.key, 'ObjectCreated:Copy')?.(writes, made);
        announce(call, source, from.key, 'ObjectRemoved:Delete')?.(writes, row);
      },
      takes: { bucket: source, key: from.key, sequence: row.sequence },
      record: {
        ownerId: caller.subject,
        by: byCaller(call),
        userMetadata: stored.user_metadata ?? {},
        xRobotsTag: row.record?.xRobotsTag,
        mode: 'move',
      },
    });
  } catch (error) {
    await door.store.bodies.discard(staged);
    throw error;
  }
  return jsonResponse(200, { message: 'Successfully moved', Id: stored.id, Key: to.key });
}

interface Copied {
  readonly staged: StagedBody;
  readonly etag: string;
  readonly sealed: Sealed | undefined;
}

async function copyBytes({ door }: Call, { row }: Found, target: BucketRow): Promise<Copied> {
  const md5 = createHash('md5');
  const objectKey = openFor(door.server, unsaid, row.sealed);
  const source = door.store.bodies.read(row.blob, row.size, 0, row.size, objectKey);
  const seal = sealFor(door.server, unsaid, target);
  async function* digested(): AsyncGenerator<Buffer> {
    for await (const chunk of Buffer.isBuffer(source) ? [source] : source) {
      md5.update(chunk);
      yield chunk;
    }
  }
  const staged = await door.store.bodies.stage(digested(), seal?.objectKey);
  return { staged, etag: md5.digest('hex'), sealed: seal?.sealed };
}
