import { S3Error } from '../../errors/s3Error.ts';
import type { Operation } from '../../operation.ts';
import { xmlResponse } from '../../wire/respond.ts';
import { document, element } from '../../xml/write.ts';
import { openFor } from './encryption.ts';
import { findVisible } from './getObject.ts';

const known = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];
const most = 1000;

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
export const getObjectAttributes: Operation = {
  name: 'GetObjectAttributes',
  method: 'GET',
  level: 'object',
  query: ['attributes'],
  action: ({ query }) =>
    query.has('versionId') ? 's3:GetObjectVersionAttributes' : 's3:GetObjectAttributes',
  acl: { of: 'object', permission: 'READ' },
  run(server, request) {
    const { store } = server;
    const { headers } = request;
    const bucket = store.buckets.get(request.bucket);
    const row = findVisible(store, request, bucket);
    openFor(server, request, row.sealed);
    const wanted = (headers['x-amz-object-attributes'] ?? '')
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '');
    if (wanted.length === 0 || wanted.some(name => !known.includes(name)))
      throw new S3Error('InvalidArgument', 'Invalid attribute name specified.');
    const { checksum } = row;
    const parts = () => {
      if (row.blob.kind !== 'parts') return undefined;
      const all = store.bodies.manifest(row.blob.id);
      const limit = Math.min(most, Number(headers['x-amz-max-parts'] ?? most) || most);
      const marker = Number(headers['x-amz-part-number-marker'] ?? 0) || 0;
      const left = all.filter(part => part.number > marker);
      const page = left.slice(0, limit);
      return element('ObjectParts', [
        element('TotalPartsCount', all.length),
        element('PartsCount', all.length),
        element('PartNumberMarker', marker),
        element('NextPartNumberMarker', page.at(-1)?.number ?? 0),
        element('MaxParts', limit),
        element('IsTruncated', left.length > page.length),
        page.map(part =>
          element('Part', [
            element('PartNumber', part.number),
            element('Size', part.size),
            part.checksum && checksum ? element(`Checksum${checksum.algorithm}`, part.checksum) : undefined,
          ]),
        ),
      ]);
    };
    return xmlResponse(
      document('GetObjectAttributesResponse', [
        wanted.includes('ETag') ? element('ETag', row.etag) : undefined,
        wanted.includes('Checksum') && checksum
          ? element('Checksum', [
              element(`Checksum${checksum.algorithm}`, checksum.value.replace(/-\d+$/, '')),
              element('ChecksumType', checksum.type),
            ])
          : undefined,
        wanted.includes('ObjectParts') ? parts() : undefined,
        wanted.includes('StorageClass') ? element('StorageClass', row.storageClass ?? 'STANDARD') : undefined,
        wanted.includes('ObjectSize') ? element('ObjectSize', row.size) : undefined,
      ]),
      [
        'Last-Modified',
        new Date(row.modified).toUTCString(),
        ...(bucket.versioning === undefined ? [] : ['x-amz-version-id', row.versionId]),
      ],
    );
  },
};
