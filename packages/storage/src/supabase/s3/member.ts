/** S3's operations for somebody with a token: row security is asked, then the operation does its work. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { S3Error } from '../../errors/s3Error.ts';
import type { Member } from '../../iam/identity.ts';
import type { Operation } from '../../operation.ts';
import { parseSource } from '../../operations/object/copySource.ts';
import { explain } from '../../records/errors.ts';
import * as sql from '../../records/statements.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import { defaultType } from '../../wire/objectHeaders.ts';
import { emptyResponse } from '../../wire/respond.ts';
import type { Door } from '../call.ts';
import { listBucketsAs, listObjectsAs } from './list.ts';
import type { MemberCall } from './memberCall.ts';

/** What is asked before, or in place of, an operation; what is not in it is not for members. */
type Rule = (call: MemberCall) => Promise<HttpResponse | undefined>;

const rules: Readonly<Record<string, readonly [operation: string, rule: Rule]>> = {
  ListBuckets: ['bucket.list', listBucketsAs],
  CreateBucket: ['bucket.create', createBucket],
  DeleteBucket: ['bucket.delete', deleteBucket],
  HeadBucket: ['bucket.head', seesBucket],
  GetBucketLocation: ['bucket.get_location', seesBucket],
  GetBucketVersioning: ['bucket.get_versioning', seesBucket],
  ListObjects: ['object.list', listObjectsAs],
  ListObjectsV2: ['object.list', listObjectsAs],
  GetObject: ['object.get', seesObject],
  HeadObject: ['object.info', seesObject],
  GetObjectTagging: ['object.get_tagging', seesObject],
  PutObject: ['upload', mayWrite],
  CopyObject: ['object.copy', mayCopy],
  CreateMultipartUpload: ['upload.create_multipart', mayWrite],
  UploadPart: ['upload.part', mayWrite],
  UploadPartCopy: ['upload.part_copy', mayCopy],
  CompleteMultipartUpload: ['upload.complete_multipart', mayWrite],
  AbortMultipartUpload: ['upload.abort_multipart', mayWrite],
  ListParts: ['upload.list_parts', mayWrite],
  // Which rows go, the deletion itself asks.
  DeleteObject: ['object.delete', letIt],
  DeleteObjects: ['object.delete_many', letIt],
};

/** Of S3's own rules nothing is a member's to say. */
const reserved =
  /^x-amz-(?:tagging|object-lock-|bypass-governance|grant-|storage-class|website-|server-side-encryption|expected-bucket-owner)|^x-minio-/;

export async function runAsMember(
  door: Door,
  server: Server,
  operation: Operation,
  request: S3Request,
  member: Member,
): Promise<HttpResponse> {
  const entry = rules[operation.name];
  const isReserved = Object.keys(request.headers).some(name => reserved.test(name));
  // Versions behind the newest have no rows.
  if (entry === undefined || isReserved || request.query.has('versionId')) throw new S3Error('AccessDenied');
  const [name, rule] = entry;
  const asked = {
    operation: `storage.s3.${name}`,
    method: request.method,
    path: request.http.path,
    headers: request.headers,
  };
  const say: MemberCall['say'] = async (statement, end) => {
    try {
      const [rows] = await door.database.run(member, [statement], { asked, ...(end && { end }) });
      return rows!;
    } catch (error) {
      throw explain(error);
    }
  };
  const answer = await rule({ door, server, operation, request, member, say });
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

async function mayWrite({ say, request, member }: MemberCall): Promise<undefined> {
  const { headers, bucket, key } = request;
  const length = headers['x-amz-decoded-content-length'] ?? headers['content-length'];
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
