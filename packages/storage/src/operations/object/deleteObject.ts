import { mayDo } from '../../access/check.ts';
import { announceRemoval } from '../../announce.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Deleted } from '../../store/changes.ts';
import type { BucketRow } from '../../store/rows.ts';
import { judgeDelete } from '../../wire/conditions.ts';
import { emptyResponse } from '../../wire/respond.ts';
import { readOriginOf } from './draft.ts';

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export const deleteObject: Operation = {
  name: 'DeleteObject',
  method: 'DELETE',
  level: 'object',
  action: ({ query }) => (query.has('versionId') ? 's3:DeleteObjectVersion' : 's3:DeleteObject'),
  acl: { of: 'bucket', permission: 'WRITE' },
  async run(server, request) {
    const { store } = server;
    const bucket = store.buckets.get(request.bucket);
    const { key, query, headers } = request;
    const deleted = await store.objects.delete(bucket, key, {
      versionId: query.get('versionId') || undefined,
      bypassGovernance: mayBypass(request, bucket, key),
      judge: judgeDelete(headers),
      origin: query.has('versionId') ? undefined : readOriginOf(request, bucket),
      also: announceRemoval(server, request, bucket, key),
      by: request.by,
    });
    return emptyResponse(204, deletedHeaders(deleted));
  },
};

/** Asked for by a header, and allowed. */
export function mayBypass(request: S3Request, bucket: BucketRow, key: string): boolean {
  return (
    request.headers['x-amz-bypass-governance-retention']?.toLowerCase() === 'true' &&
    mayDo(request, { action: 's3:BypassGovernanceRetention', bucket, key })
  );
}

function deletedHeaders({ versionId, deleteMarker }: Deleted): string[] {
  return [
    ...(deleteMarker ? ['x-amz-delete-marker', 'true'] : []),
    ...(versionId === undefined ? [] : ['x-amz-version-id', versionId]),
  ];
}
