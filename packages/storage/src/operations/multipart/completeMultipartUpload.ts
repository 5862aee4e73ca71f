import { createHash } from 'node:crypto';
import { announceOf } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { assertShape, checksums, headerOf } from '../../payload/checksum.ts';
import { combineCrc } from '../../payload/crc.ts';
import type { S3Request } from '../../request.ts';
import type { Checksum, PartRow, UploadRow } from '../../store/rows.ts';
import { judgeWrite } from '../../wire/conditions.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { childrenOf, malformed, parseXml, textOf, type XmlNode } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { recordOf } from '../object/draft.ts';
import { encryptionHeaders } from '../object/encryption.ts';
import { readXmlBody } from '../xmlBody.ts';
import { maxPartNumber } from './partNumber.ts';

const minPartBytes = 5 * 1024 * 1024;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export const completeMultipartUpload: Operation = {
  name: 'CompleteMultipartUpload',
  method: 'POST',
  level: 'object',
  query: ['uploadId'],
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const { key, query, headers, http } = request;
    const uploadId = query.get('uploadId')!;
    const body = await readXmlBody(request, 4 * 1024 * 1024, { isDescribed: false });
    const told = store.uploads.completed(bucket, key, uploadId);
    const answer = (etag: string, versionId: string, more: readonly string[], checksum?: Checksum) =>
      xmlResponse(
        document('CompleteMultipartUploadResult', [
          element('Location', `http://${headers.host}${http.path}`),
          element('Bucket', bucket.name),
          element('Key', key),
          element('ETag', `"${etag}"`),
          checksum && [
            element(`Checksum${checksum.algorithm}`, checksum.value),
            element('ChecksumType', checksum.type),
          ],
        ]),
        [...(versionId === 'null' ? [] : ['x-amz-version-id', versionId]), ...more],
      );
    // Asked again by a client that lost the answer.
    if (told !== undefined) return answer(told.etag, told.versionId, [], told.checksum);
    const upload = store.uploads.get(bucket, key, uploadId);
    const named = readNamed(body);
    const parts = named.map(({ number, etag, node }, i) => {
      const part = store.uploads.part(uploadId, number);
      if (part === undefined || part.etag !== etag)
        throw new S3Error('InvalidPart', { elements: { PartNumber: String(number), ETag: etag } });
      if (i < named.length - 1 && part.size < minPartBytes)
        throw new S3Error('EntityTooSmall', {
          elements: {
            PartNumber: String(number),
            ETag: etag,
            ProposedSize: String(part.size),
            MinSizeAllowed: String(minPartBytes),
          },
        });
      assertPartChecksum(upload, part, node);
      return part;
    });
    const checksum = combine(upload, parts);
    assertWhole(request, upload, checksum, parts);
    const md5 = createHash('md5');
    for (const { etag } of parts) md5.update(etag, 'hex');
    const etag = `${md5.digest('hex')}-${parts.length}`;
    const row = await store.uploads.complete(bucket, key, upload, {
      parts,
      etag,
      checksum,
      judge: judgeWrite(headers),
      also: announceOf(server, request, bucket, key, 'ObjectCreated:CompleteMultipartUpload'),
      record: recordOf(request),
    });
    return answer(etag, row.versionId, encryptionHeaders(row.sealed), checksum);
  },
};

/** @throws {S3Error} MalformedXML, InvalidPartOrder */
function readNamed(body: Buffer): { number: number; etag: string; node: XmlNode }[] {
  if (body.length === 0) throw malformed();
  const nodes = childrenOf(parseXml(body, 'CompleteMultipartUpload'), 'Part');
  if (nodes.length === 0 || nodes.length > maxPartNumber) throw malformed();
  let last = 0;
  return nodes.map(node => {
    const number = Number(textOf(node, 'PartNumber'));
    const etag = textOf(node, 'ETag')?.replace(/^"|"$/g, '');
    if (!Number.isInteger(number) || number < 1 || etag === undefined) throw malformed();
    if (number <= last) throw new S3Error('InvalidPartOrder');
    last = number;
    return { number, etag, node };
  });
}

function assertPartChecksum({ checksum }: UploadRow, part: PartRow, node: XmlNode): void {
  if (checksum === undefined) return;
  const given = textOf(node, `Checksum${checksum.algorithm}`);
  // Who does not tell a part's checksum again has told it with the part.
  if (given === undefined) return;
  if (given !== part.checksum)
    throw new S3Error('InvalidPart', { elements: { PartNumber: String(part.number), ETag: part.etag } });
}

/** The object's checksum out of its parts'. */
function combine({ checksum }: UploadRow, parts: readonly PartRow[]): Checksum | undefined {
  if (checksum === undefined || parts.some(part => part.checksum === undefined)) return undefined;
  const { algorithm, type } = checksum;
  const digests = parts.map(part => Buffer.from(part.checksum!, 'base64'));
  if (type === 'COMPOSITE') {
    const whole = checksums[algorithm].make();
    for (const digest of digests) whole.update(digest);
    return { algorithm, type, value: `${whole.digest().toString('base64')}-${parts.length}` };
  }
  if (algorithm === 'SHA1' || algorithm === 'SHA256') return undefined;
  let crc: Buffer = digests[0]!;
  for (let i = 1; i < digests.length; i++) crc = combineCrc(algorithm, crc, digests[i]!, parts[i]!.size);
  return { algorithm, type, value: crc.toString('base64') };
}

/** What the client says of the whole. */
function assertWhole(
  { headers }: S3Request,
  upload: UploadRow,
  found: Checksum | undefined,
  parts: readonly PartRow[],
): void {
  const size = headers['x-amz-mp-object-size'];
  const actual = parts.reduce((sum, part) => sum + part.size, 0);
  if (size !== undefined && Number(size) !== actual)
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${size} does not match what was computed: ${actual}`,
    );
  const type = headers['x-amz-checksum-type']?.toUpperCase();
  if (type !== undefined && type !== (upload.checksum?.type ?? 'FULL_OBJECT'))
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using the ${upload.checksum?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
    );
  if (found === undefined) return;
  const given = headers[headerOf(found.algorithm)];
  if (given === undefined) return;
  const plain = given.replace(/-\d+$/, '');
  assertShape(found.algorithm, plain);
  if (plain !== found.value.replace(/-\d+$/, ''))
    throw new S3Error(
      'BadDigest',
      `The ${found.algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
    );
}
