import { announceOf } from '../../announce.ts';
import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import type { BucketRow, ObjectRow, Retention } from '../../store/rows.ts';
import { checkRetention, readHold } from '../../wire/lockHeaders.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { parseXml, textOf } from '../../xml/parse.ts';
import { document, element } from '../../xml/write.ts';
import { mayBypass } from '../object/deleteObject.ts';
import { readXmlBody } from '../xmlBody.ts';

export const getObjectRetention: Operation = {
  name: 'GetObjectRetention',
  method: 'GET',
  level: 'object',
  query: ['retention'],
  action: 's3:GetObjectRetention',
  run({ store }, { bucket, key, query }) {
    const row = assertLockable(store.buckets.get(bucket));
    const { retention } = store.objects.existing(row, key, query.get('versionId'));
    if (retention === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
    return xmlResponse(
      document('Retention', [
        element('Mode', retention.mode),
        element('RetainUntilDate', new Date(retention.until).toISOString()),
      ]),
    );
  },
};

export const putObjectRetention: Operation = {
  name: 'PutObjectRetention',
  method: 'PUT',
  level: 'object',
  query: ['retention'],
  action: 's3:PutObjectRetention',
  async run(server, request) {
    const { store } = server;
    const { key, query, now } = request;
    const bucket = assertLockable(store.buckets.get(request.bucket));
    const root = parseXml(await readXmlBody(request), 'Retention');
    const lifts = textOf(root, 'Mode') === undefined && textOf(root, 'RetainUntilDate') === undefined;
    const retention = lifts
      ? undefined
      : checkRetention(textOf(root, 'Mode'), textOf(root, 'RetainUntilDate'), now, 'MalformedXML');
    const bypass = mayBypass(request, bucket, key);
    const row = await store.objects.update(
      bucket,
      key,
      query.get('versionId'),
      found => {
        assertChangeable(found, retention, bypass, now);
        return { ...found, retention };
      },
      announceOf(server, request, bucket, key, 'ObjectCreated:PutRetention'),
    );
    return emptyResponse(200, versionHeader(row));
  },
};

export const getObjectLegalHold: Operation = {
  name: 'GetObjectLegalHold',
  method: 'GET',
  level: 'object',
  query: ['legal-hold'],
  action: 's3:GetObjectLegalHold',
  run({ store }, { bucket, key, query }) {
    const row = assertLockable(store.buckets.get(bucket));
    const { legalHold } = store.objects.existing(row, key, query.get('versionId'));
    if (legalHold === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
    return xmlResponse(document('LegalHold', element('Status', legalHold ? 'ON' : 'OFF')));
  },
};

export const putObjectLegalHold: Operation = {
  name: 'PutObjectLegalHold',
  method: 'PUT',
  level: 'object',
  query: ['legal-hold'],
  action: 's3:PutObjectLegalHold',
  async run(server, request) {
    const { store } = server;
    const { key, query } = request;
    const bucket = assertLockable(store.buckets.get(request.bucket));
    const legalHold = readHold(
      textOf(parseXml(await readXmlBody(request), 'LegalHold'), 'Status'),
      'MalformedXML',
    );
    const row = await store.objects.update(
      bucket,
      key,
      query.get('versionId'),
      found => ({ ...found, legalHold }),
      announceOf(server, request, bucket, key, 'ObjectCreated:PutLegalHold'),
    );
    return emptyResponse(200, versionHeader(row));
  },
};

/** It may become stricter; weaker only GOVERNANCE, by whoever may bypass it. */
function assertChangeable(
  { retention: before }: ObjectRow,
  after: Retention | undefined,
  bypass: boolean,
  now: number,
): void {
  if (before === undefined || before.until <= now) return;
  const isStricter = after !== undefined && after.until >= before.until && after.mode === before.mode;
  if (isStricter || (before.mode === 'GOVERNANCE' && bypass)) return;
  throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.');
}

/** @throws {S3Error} InvalidRequest */
function assertLockable(bucket: BucketRow): BucketRow {
  if (bucket.objectLock === undefined)
    throw new S3Error('InvalidRequest', 'Bucket is missing ObjectLockConfiguration');
  return bucket;
}

function versionHeader({ versionId }: ObjectRow): string[] {
  return versionId === 'null' ? [] : ['x-amz-version-id', versionId];
}
