/** What MinIO answers, to the letter, where it has nothing behind the question. */

import { S3Error } from '../../errors/s3Error.ts';
import type { S3ErrorCode } from '../../errors/table.ts';
import type { Operation } from '../../operation.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { document, element } from '../../xml/write.ts';

function empty(query: string, action: string, text: string): Operation {
  return {
    name: `GetBucket(${query})`,
    method: 'GET',
    level: 'bucket',
    query: [query],
    action: `s3:${action}`,
    run: ({ store }, { bucket }) => {
      store.buckets.get(bucket);
      return xmlResponse(text);
    },
  };
}

function refused(
  query: string,
  code: S3ErrorCode,
  method: Operation['method'] = 'GET',
  level: 'bucket' | 'object' = 'bucket',
): Operation {
  return {
    name: `${method} ${query}`,
    method,
    level,
    query: [query],
    action: 's3:GetBucketPolicy',
    run: () => {
      throw new S3Error(code);
    },
  };
}

export const fixedAnswers: readonly Operation[] = [
  empty('accelerate', 'GetAccelerateConfiguration', document('AccelerateConfiguration', '')),
  empty(
    'requestPayment',
    'GetBucketRequestPayment',
    document('RequestPaymentConfiguration', element('Payer', 'BucketOwner')),
  ),
  empty('logging', 'GetBucketLogging', document('BucketLoggingStatus', '')),
  refused('website', 'NoSuchWebsiteConfiguration'),
  {
    ...refused('website', 'NotImplemented', 'DELETE'),
    run: () => emptyResponse(204),
  },
  ...['inventory', 'metrics', 'analytics', 'intelligent-tiering', 'replication'].map(query =>
    refused(query, 'NotImplemented'),
  ),
  ...[
    'website',
    'accelerate',
    'requestPayment',
    'inventory',
    'metrics',
    'analytics',
    'replication',
    'logging',
  ].map(query => refused(query, 'NotImplemented', 'PUT')),
  refused('torrent', 'NotImplemented', 'GET', 'object'),
];
