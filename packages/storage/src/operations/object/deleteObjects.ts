import { mayDo } from '../../access/check.ts';
import { announceRemoval } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import { forEachOf } from '../../gate.ts';
import type { Operation } from '../../operation.ts';
import { RecordError } from '../../records/errors.ts';
import { s3RefusalOf } from '../../records/s3Refusal.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { BucketRow } from '../../store/rows.ts';
import { judgeDelete } from '../../wire/conditions.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { assertKey } from '../../wire/target.ts';
import { childOf, childrenOf, malformed, parseXml, textOf, type XmlNode } from '../../xml/parse.ts';
import { document, type Element, element, optional } from '../../xml/write.ts';
import { readXmlBody } from '../xmlBody.ts';
import { mayBypass } from './deleteObject.ts';

const most = 1000;
/** Of one list: each may ask the database, and others ask it too. */
const atOnce = 8;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const deleteObjects: Operation = {
  name: 'DeleteObjects',
  method: 'POST',
  level: 'bucket',
  query: ['delete'],
  async run(server, request) {
    const bucket = server.store.buckets.get(request.bucket);
    if (request.identity.kind === 'anonymous' && !mayDo(request, wanted(bucket, '*', undefined)))
      throw new S3Error('AccessDenied');
    assertChecked(request);
    const root = parseXml(await readXmlBody(request, 2 * 1024 * 1024), 'Delete');
    const asked = childrenOf(root, 'Object');
    if (asked.length === 0 || asked.length > most) throw malformed();
    const quiet = textOf(root, 'Quiet')?.toLowerCase() === 'true';
    const results: (Element | undefined)[] = [];
    await forEachOf(asked.entries(), atOnce, async ([i, node]) => {
      results[i] = await deleteOne(server, request, bucket, node, quiet);
    });
    return xmlResponse(document('DeleteResult', results));
  },
};

/** The list itself must be protected: a changed byte of it deletes something else. */
function assertChecked({ headers }: S3Request): void {
  const isChecked =
    headers['content-md5'] !== undefined ||
    headers['x-amz-trailer'] !== undefined ||
    Object.keys(headers).some(name => name.startsWith('x-amz-checksum-'));
  if (!isChecked)
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
}

const wanted = (bucket: BucketRow, key: string, versionId: string | undefined) =>
  ({
    action: versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion',
    bucket,
    key,
    acl: { of: 'bucket', permission: 'WRITE' },
  }) as const;

async function deleteOne(
  server: Server,
  request: S3Request,
  bucket: BucketRow,
  node: XmlNode,
  quiet: boolean,
): Promise<Element | undefined> {
  // Blanks are part of a key.
  const { store, emit } = server;
  const key = childOf(node, 'Key')?.text ?? '';
  const versionId = textOf(node, 'VersionId') || undefined;
  try {
    if (key === '') throw malformed();
    assertKey(key);
    if (!mayDo(request, wanted(bucket, key, versionId))) throw new S3Error('AccessDenied');
    const deleted = await store.objects.delete(bucket, key, {
      versionId,
      bypassGovernance: mayBypass(request, bucket, key),
      judge: judgeDelete(conditionsOf(node)),
      also: announceRemoval(server, request, bucket, key),
      by: request.by,
    });
    if (quiet) return undefined;
    return element('Deleted', [
      element('Key', key),
      optional('VersionId', versionId),
      deleted.deleteMarker ? element('DeleteMarker', true) : undefined,
      deleted.deleteMarker ? optional('DeleteMarkerVersionId', deleted.versionId) : undefined,
    ]);
  } catch (thrown) {
    const error = thrown instanceof RecordError ? s3RefusalOf(thrown) : thrown;
    if (!(error instanceof S3Error))
      emit({ kind: 'failed', requestId: request.id, request: request.http, error });
    const { code, message } = error instanceof S3Error ? error : new S3Error('InternalError');
    return element('Error', [
      element('Code', code),
      element('Message', message),
      element('Key', key),
      optional('VersionId', versionId),
    ]);
  }
}

/** In the list as elements what for one object are headers. */
function conditionsOf(node: XmlNode): Record<string, string | undefined> {
  return {
    'if-match': textOf(node, 'ETag'),
    'x-amz-if-match-last-modified-time': textOf(node, 'LastModifiedTime'),
    'x-amz-if-match-size': textOf(node, 'Size'),
  };
}
