/** A notification as MinIO words it, which is as Amazon does. Pure. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
import type { BucketRow, ObjectRow } from '../store/rows.ts';
import { hostId } from '../wire/respond.ts';
import type { EventName } from './rules.ts';

/** Who did it, and how it came. */
export interface EventSource {
  readonly principal: string;
  readonly address: string;
  readonly userAgent: string;
  readonly requestId: string;
}

/** Of what the scanner does. */
export const ownDoing: EventSource = {
  principal: 'internal',
  address: '',
  userAgent: 'Internal: [ILM-Expiry]',
  requestId: '',
};

export function describeChange(
  name: EventName,
  bucket: BucketRow,
  key: string,
  row: Pick<ObjectRow, 'size' | 'etag' | 'headers' | 'metadata' | 'versionId' | 'sequence'>,
  { principal, address, userAgent, requestId }: EventSource,
  { region = '', now }: { readonly region?: string | undefined; readonly now: number },
): object {
  const isRemoval = name.startsWith('ObjectRemoved') || name.startsWith('LifecycleExpiration');
  return {
    EventName: `s3:${name}`,
    Key: `${bucket.name}/${key}`,
    Records: [
      {
        eventVersion: '2.0',
        eventSource: 'minio:s3',
        awsRegion: region,
        eventTime: new Date(now).toISOString(),
        eventName: `s3:${name}`,
        userIdentity: { principalId: principal },
        requestParameters: { principalId: principal, region, sourceIPAddress: address },
        responseElements: { 'x-amz-id-2': hostId, 'x-amz-request-id': requestId },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'Config',
          bucket: {
            name: bucket.name,
            ownerIdentity: { principalId: principal },
            arn: `arn:aws:s3:::${bucket.name}`,
          },
          object: {
            // As forms write it: a space is a plus.
            key: encodeURIComponent(key.toWellFormed()).replaceAll('%20', '+'),
            ...(!isRemoval && {
              size: row.size,
              eTag: row.etag,
              contentType: row.headers['content-type'] ?? 'binary/octet-stream',
              userMetadata: {
                'content-type': row.headers['content-type'] ?? 'binary/octet-stream',
                ...Object.fromEntries(
                  Object.entries(row.metadata).map(([each, value]) => [`X-Amz-Meta-${each}`, value]),
                ),
              },
            }),
            ...(row.versionId !== 'null' && { versionId: row.versionId }),
            sequencer: row.sequence.toString(16).toUpperCase().padStart(16, '0'),
          },
        },
        source: { host: address, port: '', userAgent },
      },
    ],
  };
}
