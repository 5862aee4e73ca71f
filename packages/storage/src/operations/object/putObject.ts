import { announceOf } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import { expirationHeader } from '../../lifecycle/due.ts';
import type { Operation } from '../../operation.ts';
import { describeChecksum } from '../../payload/checksum.ts';
import { maxInlineBytes } from '../../store/bodies.ts';
import { judgeWrite } from '../../wire/conditions.ts';
import { etagHeader } from '../../wire/objectHeaders.ts';
import { emptyResponse } from '../../wire/respond.ts';
import { readDraft, recordOf } from './draft.ts';
import { encryptionHeaders, sealFor } from './encryption.ts';

export const maxObjectBytes = 5 * 1024 ** 3;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject: Operation = {
  name: 'PutObject',
  method: 'PUT',
  level: 'object',
  action: 's3:PutObject',
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const { headers, key } = request;
    const seal = sealFor(server, request, bucket);
    const draft = { ...readDraft(server, request, bucket), sealed: seal?.sealed };
    const judge = judgeWrite(headers);
    // What is refused anyway is not read first; who comes in between is judged in the commit.
    judge?.(currentOf(store.objects.newest(bucket, key)));
    const payload = request.payload();
    if (payload.length === undefined && request.headers['transfer-encoding'] === undefined)
      throw new S3Error('MissingContentLength');
    const body = payload.isSmall(maxInlineBytes)
      ? store.bodies.stageInline(await payload.small(), seal?.objectKey)
      : await store.bodies.stage(payload.stream(maxObjectBytes), seal?.objectKey);
    try {
      const { md5, checksum } = payload.received;
      const row = await store.objects.put(bucket, key, {
        ...{ draft, body, etag: md5, checksum, judge },
        also: announceOf(server, request, bucket, key, 'ObjectCreated:Put'),
        record: recordOf(request),
      });
      return emptyResponse(200, [
        'ETag',
        etagHeader(row),
        ...describeChecksum(row),
        ...encryptionHeaders(row.sealed),
        ...expirationHeader(bucket.lifecycle, key, row),
        ...(row.versionId === 'null' ? [] : ['x-amz-version-id', row.versionId]),
      ]);
    } catch (error) {
      await store.bodies.discard(body);
      throw error;
    }
  },
};

function currentOf<Row extends { readonly deleteMarker?: true }>(row: Row | undefined): Row | undefined {
  return row?.deleteMarker ? undefined : row;
}
