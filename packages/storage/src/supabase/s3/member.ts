/** S3's operations for somebody with a token: row security is asked, then the operation does its work. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { S3Error } from '../../errors/s3Error.ts';
import type { Identity } from '../../iam/identity.ts';
import type { Operation } from '../../operation.ts';
import { parseSource } from '../../operations/object/copySource.ts';
import { explain } from '../../records/errors.ts';
import { assertSize, assertType } from '../../records/limits.ts';
import * as sql from '../../records/statements.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import { defaultType } from '../../wire/objectHeaders.ts';
import { emptyResponse } from '../../wire/respond.ts';
import type { Door } from '../call.ts';
import { type AllowedOperation, admit } from './allowed.ts';
import { listBucketsAs, listObjectsAs } from './list.ts';
import type { MemberCall } from './memberCall.ts';

/** What is asked before, or in place of, an operation; what is not in it is not for members. */
type Ask = (call: MemberCall) => Promise<HttpResponse | undefined>;

const asking: Readonly<Record<AllowedOperation, Ask>> = {
  ListBuckets: listBucketsAs,
  CreateBucket: createBucket,
  DeleteBucket: deleteBucket,
  HeadBucket: seesBucket,
  GetBucketLocation: seesBucket,
  GetBucketVersioning: seesBucket,
  ListObjects: listObjectsAs,
  ListObjectsV2: listObjectsAs,
  GetObject: seesObject,
  HeadObject: seesObject,
  GetObjectTagging: seesObject,
  PutObject: mayWrite,
  CopyObject: mayCopy,
  CreateMultipartUpload: mayWrite,
  UploadPart: mayWrite,
  UploadPartCopy: mayCopy,
  CompleteMultipartUpload: mayWrite,
  AbortMultipartUpload: mayWrite,
  ListParts: mayWrite,
  // Which rows go, the deletion itself asks.
  DeleteObject: letIt,
  DeleteObjects: letIt,
};

export async function runAsMember(
  door: Door,
  server: Server,
  operation: Operation,
  received: S3Request,
  identity: Identity & { kind: 'member' },
): Promise<HttpResponse> {
  const { name, policyName, request } = admit(operation.name, received, identity);
  const { member } = identity;
  const asked = {
    operation: `storage.s3.${policyName}`,
    method: received.method,
    path: received.http.path,
    headers: received.headers,
  };
  const left = new AbortController();
  received.http.onAborted(() => left.abort());
  const say: MemberCall['say'] = async (statement, end) => {
    try {
      const [rows] = await door.database.run(member, [statement], {
        asked,
        signal: left.signal,
        ...(end && { end }),
      });
      return rows!;
    } catch (error) {
      // Nobody reads it.
      if (left.signal.aborted) throw new S3Error('RequestTimeout', { cause: error });
      throw explain(error);
    }
  };
  const answer = await asking[name]({ door, server, operation, request, member, say });
  return answer ?? (await operation.run(server, { ...request, by: { ...member, asked } }));
}

async function letIt(): Promise<undefined> {
  return undefined;
}

async function seesBucket({ say, request }: MemberCall): Promise<undefined> {
  const rows = await say({
    text: 'select pg_catalog.to_json(b.id) from storage.buckets b where b.id = $1',
    values: [request.bucket],
  });
  if (rows.length === 0) throw new S3Error('NoSuchBucket', { elements: { BucketName: request.bucket } });
}

async function seesObject({ say, request }: MemberCall): Promise<undefined> {
  const rows = await say(sql.findVersion(request.bucket, request.key));
  if (rows.length === 0) throw new S3Error('NoSuchKey', { elements: { Key: request.key } });
}

/** Before a byte is read: what the bucket does not take, and what the member may not write. */
async function mayWrite(call: MemberCall): Promise<undefined> {
  const { say, request, member, operation } = call;
  const { headers, bucket, key } = request;
  const length = headers['x-amz-decoded-content-length'] ?? headers['content-length'];
  if (operation.name === 'PutObject') await assertFits(call, Number(length ?? 0));
  if (operation.name === 'CreateMultipartUpload') await assertFits(call, 0);
  const metadata = {
    mimetype: headers['content-type'] ?? defaultType,
    ...(length !== undefined && { contentLength: Number(length) }),
  };
  const values = {
    bucket,
    name: key,
    version: '1',
    metadata: JSON.stringify(metadata),
    userMetadata: undefined,
    ownerId: member.subject,
  };
  await say(sql.upsertObject(values), 'rollback');
}

/** @throws {RecordError} tooLarge, mimeType */
async function assertFits({ door, request }: MemberCall, bytes: number): Promise<void> {
  const { bucket, key, headers } = request;
  const limits = await door.records.buckets.limits(bucket);
  if (limits === undefined) return;
  assertSize(bytes, key, limits);
  assertType(headers['content-type'] ?? defaultType, key, limits);
}

async function mayCopy(call: MemberCall): Promise<undefined> {
  const source = parseSource(call.request.headers['x-amz-copy-source']!);
  if (source.versionId !== undefined) throw new S3Error('AccessDenied');
  const rows = await call.say(sql.findVersion(source.bucket, source.key));
  if (rows.length === 0) throw new S3Error('NoSuchKey', { elements: { Key: source.key } });
  await mayWrite(call);
}

async function createBucket({ say, request, member, door }: MemberCall): Promise<HttpResponse> {
  const { bucket, headers } = request;
  const isPublic = headers['x-amz-acl'] === 'public-read';
  await say({
    text: 'insert into storage.buckets (id, name, owner, owner_id, public) values ($1, $1, $2::uuid, $3, $4)',
    values: [bucket, sql.ownerOf(member.subject), member.subject ?? null, String(isPublic)],
  });
  await door.records.buckets.bucketOf(bucket);
  return emptyResponse(200, ['Location', `/${bucket}`]);
}

async function deleteBucket({ say, request, server, door }: MemberCall): Promise<HttpResponse> {
  const bucket = server.store.buckets.find(request.bucket);
  if (bucket !== undefined && !server.store.isEmpty(bucket))
    throw new S3Error('BucketNotEmpty', { elements: { BucketName: request.bucket } });
  const rows = await say({
    text: 'delete from storage.buckets b where b.id = $1 returning pg_catalog.to_json(b.id)',
    values: [request.bucket],
  });
  if (rows.length === 0) throw new S3Error('NoSuchBucket', { elements: { BucketName: request.bucket } });
  while (await door.records.drain());
  return emptyResponse(204);
}
