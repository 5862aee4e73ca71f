import type { HttpResponse } from '@peakstone/kernel/http';
import { mayDo } from '../../access/check.ts';
import { announceRead } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import { expirationHeader } from '../../lifecycle/due.ts';
import type { Operation } from '../../operation.ts';
import { describeChecksum } from '../../payload/checksum.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { BucketRow, ObjectRow } from '../../store/rows.ts';
import { judgeRead } from '../../wire/conditions.ts';
import { describeObject, describeVersion, overrideHeaders } from '../../wire/objectHeaders.ts';
import { type ByteRange, readRange } from '../../wire/range.ts';
import { assertNoServerEncryption, encryptionHeaders, openFor } from './encryption.ts';

const action = ({ query }: S3Request): string =>
  query.has('versionId') ? 's3:GetObjectVersion' : 's3:GetObject';
const acl = { of: 'object', permission: 'READ' } as const;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export const getObject: Operation = {
  name: 'GetObject',
  method: 'GET',
  level: 'object',
  action,
  acl,
  run: serve,
};

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export const headObject: Operation = {
  name: 'HeadObject',
  method: 'HEAD',
  level: 'object',
  action,
  acl,
  run: serve,
};

function serve(server: Server, request: S3Request): HttpResponse | Promise<HttpResponse> {
  const { store } = server;
  const { key, query, headers, method } = request;
  assertNoServerEncryption(request);
  const bucket = store.buckets.get(request.bucket);
  const row = findVisible(store, request, bucket);
  const described = [
    ...describeVersion(row, bucket.versioning !== undefined),
    ...describeObject(row),
    ...expirationHeader(bucket.lifecycle, key, row),
  ];
  let notModified: boolean;
  try {
    notModified = judgeRead(headers, row);
  } catch (error) {
    if (error instanceof S3Error)
      throw new S3Error(error.code, { elements: error.elements, headers: described.slice(0, 4) });
    throw error;
  }
  if (notModified) return { status: 304, headers: described, body: null };
  const part = partRange(store, row, query.get('partNumber'));
  const objectKey = openFor(server, request, row.sealed);
  if (part !== undefined && headers.range !== undefined)
    throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter');
  const range = part ?? readRange(headers.range, row.size);
  const answer = overrideHeaders(described, query, request.signedBy !== 'none');
  if (headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED') {
    const { checksum } = row;
    if (part === undefined && range === undefined) answer.push(...describeChecksum(row));
    else if (part?.checksum !== undefined && checksum !== undefined)
      answer.push(...describeChecksum({ checksum: { ...checksum, value: part.checksum } }));
  }
  answer.push(...encryptionHeaders(row.sealed));
  if (part !== undefined) answer.push('x-amz-mp-parts-count', String(row.partCount ?? 1));
  const { start, end } = range ?? { start: 0, end: row.size };
  answer.push('Content-Length', String(end - start));
  if (range !== undefined && row.size > 0)
    answer.push('Content-Range', `bytes ${start}-${end - 1}/${row.size}`);
  const body = method === 'HEAD' ? null : store.bodies.read(row.blob, row.size, start, end, objectKey);
  const response: HttpResponse = { status: range === undefined ? 200 : 206, headers: answer, body };
  if (bucket.notification === undefined) return response;
  const name = method === 'HEAD' ? 'ObjectAccessed:Head' : 'ObjectAccessed:Get';
  return announceRead(server, request, bucket, row, name).then(() => response);
}

interface PartRange extends ByteRange {
  readonly checksum: string | undefined;
}

/** Where one part of an object lies. @throws {S3Error} InvalidArgument, InvalidPartNumber */
function partRange(
  { bodies }: Server['store'],
  row: ObjectRow,
  text: string | undefined,
): PartRange | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
  if (row.partCount === undefined) {
    if (number > 1) throw new S3Error('InvalidPart');
    return { start: 0, end: row.size, checksum: row.checksum?.value };
  }
  const parts = row.blob.kind === 'parts' ? bodies.manifest(row.blob.id) : [];
  const place = parts.findIndex(part => part.number === number);
  if (place < 0) throw new S3Error('InvalidPart');
  const start = parts.slice(0, place).reduce((sum, part) => sum + part.size, 0);
  const { size, checksum } = parts[place]!;
  return { start, end: start + size, checksum };
}

/** Whether a key exists is told only to who may list. @throws {S3Error} NoSuchKey, AccessDenied … */
export function findVisible({ objects }: Server['store'], request: S3Request, bucket: BucketRow): ObjectRow {
  try {
    return objects.existing(bucket, request.key, request.query.get('versionId'));
  } catch (error) {
    if (
      error instanceof S3Error &&
      error.status === 404 &&
      !mayDo(request, {
        action: 's3:ListBucket',
        bucket,
        acl: { of: 'bucket', permission: 'READ' },
        more: { 's3:prefix': request.key },
      })
    )
      throw new S3Error('AccessDenied');
    throw error;
  }
}
