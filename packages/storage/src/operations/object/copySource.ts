/** What `x-amz-copy-source` names. */
import { assertMay, mayDo } from '../../access/check.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { BucketRow, ObjectRow } from '../../store/rows.ts';
import { judgeSource } from '../../wire/conditions.ts';
import { assertKey, decodePath } from '../../wire/target.ts';

export interface CopySource {
  readonly bucket: BucketRow;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly row: ObjectRow;
}

/** Finds it, if the caller may read it. @throws {S3Error} */
export function findSource({ store }: Server, request: S3Request): CopySource {
  const { bucket: name, key, versionId } = parseSource(request.headers['x-amz-copy-source']!);
  const bucket = store.buckets.get(name);
  const found = store.objects.find(bucket, key, versionId);
  const existing = found?.deleteMarker ? undefined : found;
  const acl = { of: 'object', permission: 'READ' } as const;
  if (
    existing === undefined &&
    !mayDo(request, { action: 's3:ListBucket', bucket, acl: { of: 'bucket', permission: 'READ' } })
  )
    throw new S3Error('AccessDenied');
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  if (existing !== undefined) assertMay(request, { action, bucket, key, acl, existing });
  if (found?.deleteMarker && versionId !== undefined)
    throw new S3Error(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    );
  const row = store.objects.existing(bucket, key, versionId);
  judgeSource(request.headers, row);
  return { bucket, key, versionId, row };
}

/** `[/]bucket/key[?versionId=…]`, percent-encoded. Pure. @throws {S3Error} InvalidArgument */
export function parseSource(text: string): { bucket: string; key: string; versionId: string | undefined } {
  const mark = text.indexOf('?versionId=');
  const path = decodePath((mark < 0 ? text : text.slice(0, mark)).replace(/^\//, ''));
  const versionId = mark < 0 ? undefined : text.slice(mark + '?versionId='.length) || undefined;
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1)
    throw new S3Error('InvalidArgument', {
      message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      elements: { ArgumentName: 'x-amz-copy-source', ArgumentValue: text },
    });
  const key = path.slice(slash + 1);
  assertKey(key);
  return { bucket: path.slice(0, slash), key, versionId };
}
