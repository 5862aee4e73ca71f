import { createHash } from 'node:crypto';
import { announceOf } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { checksums, readAlgorithm } from '../../payload/checksum.ts';
import type { S3Request } from '../../request.ts';
import type { Checksum, ObjectRow } from '../../store/rows.ts';
import { judgeWrite } from '../../wire/conditions.ts';
import { readKeptHeaders, readMetadata } from '../../wire/objectHeaders.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element, isoTime } from '../../xml/write.ts';
import { findSource } from './copySource.ts';
import { readPlacement, readTags, recordOf } from './draft.ts';
import { encryptionHeaders, openFor, sealFor } from './encryption.ts';
import { maxObjectBytes } from './putObject.ts';

/** The bytes are written anew: source and copy have nothing in common that the end of one could take from the other. */
export const copyObject: Operation = {
  name: 'CopyObject',
  method: 'PUT',
  level: 'object',
  header: 'x-amz-copy-source',
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const { key, headers } = request;
    const bucket = store.buckets.get(request.bucket);
    const source = findSource(server, request);
    const replaces = directive(request, 'x-amz-metadata-directive');
    const replacesTags = directive(request, 'x-amz-tagging-directive');
    const seal = sealFor(server, request, bucket);
    const isSame = source.bucket.id === bucket.id && source.key === key && source.versionId === undefined;
    if (
      isSame &&
      !replaces &&
      !replacesTags &&
      seal === undefined &&
      headers['x-amz-storage-class'] === undefined
    )
      throw new S3Error(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    if (source.row.size > maxObjectBytes)
      throw new S3Error(
        'InvalidRequest',
        'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
      );
    const { row } = source;
    const draft = {
      headers: replaces ? readKeptHeaders(headers) : row.headers,
      metadata: replaces ? readMetadata(headers) : row.metadata,
      tags: replacesTags ? readTags(request, bucket) : row.tags,
      ...readPlacement(server, request, bucket),
      sealed: seal?.sealed,
    };
    const sourceKey = openFor(server, request, row.sealed, 'source');
    const digest = new CopyDigest(request, row);
    const body = await store.bodies.stage(
      digest.pass(store.bodies.read(row.blob, row.size, 0, row.size, sourceKey)),
      seal?.objectKey,
    );
    try {
      const made = await store.objects.put(bucket, key, {
        draft,
        body,
        etag: digest.md5,
        checksum: digest.checksum,
        judge: judgeWrite(headers),
        also: announceOf(server, request, bucket, key, 'ObjectCreated:Copy'),
        record: recordOf(request),
      });
      return xmlResponse(
        document('CopyObjectResult', [
          element('LastModified', isoTime(made.modified)),
          element('ETag', `"${made.etag}"`),
          made.checksum && [
            element(`Checksum${made.checksum.algorithm}`, made.checksum.value),
            element('ChecksumType', made.checksum.type),
          ],
        ]),
        [
          ...(made.versionId === 'null' ? [] : ['x-amz-version-id', made.versionId]),
          ...(row.versionId === 'null' ? [] : ['x-amz-copy-source-version-id', row.versionId]),
          ...encryptionHeaders(made.sealed),
        ],
      );
    } catch (error) {
      await store.bodies.discard(body);
      throw error;
    }
  },
};

/** True: REPLACE. */
function directive({ headers }: S3Request, name: string): boolean {
  const value = headers[name];
  if (value !== undefined && value !== 'COPY' && value !== 'REPLACE')
    throw new S3Error('InvalidArgument', {
      message: `Unknown ${name.slice('x-amz-'.length)}.`,
      elements: { ArgumentName: name, ArgumentValue: value },
    });
  return value === 'REPLACE';
}

/** Digests of what goes by. */
class CopyDigest {
  readonly #md5 = createHash('md5');
  readonly #algorithm: Checksum['algorithm'] | undefined;
  readonly #digest;

  constructor({ headers }: S3Request, { checksum }: ObjectRow) {
    this.#algorithm = readAlgorithm(headers['x-amz-checksum-algorithm']) ?? checksum?.algorithm;
    this.#digest = this.#algorithm && checksums[this.#algorithm].make();
  }

  async *pass(body: Buffer | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of Buffer.isBuffer(body) ? [body] : body) {
      this.#md5.update(chunk);
      this.#digest?.update(chunk);
      yield chunk;
    }
  }

  get md5(): string {
    return this.#md5.digest('hex');
  }

  get checksum(): Checksum | undefined {
    return (
      this.#algorithm && {
        algorithm: this.#algorithm,
        type: 'FULL_OBJECT',
        value: this.#digest!.digest().toString('base64'),
      }
    );
  }
}
