import { assertMay } from '../../access/check.ts';
import { announceOf } from '../../announce.ts';
import type { Operation } from '../../operation.ts';
import type { S3Request } from '../../request.ts';
import type { Server } from '../../server.ts';
import type { ObjectRow, Tags } from '../../store/rows.ts';
import { emptyResponse, xmlResponse } from '../../wire/respond.ts';
import { maxObjectTags, readTagging, renderTagging } from '../../wire/tags.ts';
import { parseXml } from '../../xml/parse.ts';
import { readXmlBody } from '../xmlBody.ts';

/** Of a version, policies have it by another name. */
const ofVersion =
  (verb: 'Get' | 'Put' | 'Delete') =>
  ({ query }: S3Request): string =>
    `s3:${verb}Object${query.has('versionId') ? 'Version' : ''}Tagging`;

export const getObjectTagging: Operation = {
  name: 'GetObjectTagging',
  method: 'GET',
  level: 'object',
  query: ['tagging'],
  action: ofVersion('Get'),
  looksAt: true,
  run({ store }, { bucket, key, query }) {
    const row = store.objects.existing(store.buckets.get(bucket), key, query.get('versionId'));
    return xmlResponse(renderTagging(row.tags ?? {}), versionHeader(row));
  },
};

export const putObjectTagging: Operation = {
  name: 'PutObjectTagging',
  method: 'PUT',
  level: 'object',
  query: ['tagging'],
  action: ofVersion('Put'),
  looksAt: true,
  async run(server, request) {
    const tags = readTagging(parseXml(await readXmlBody(request), 'Tagging'), maxObjectTags);
    const bucket = server.store.buckets.get(request.bucket);
    const existing = server.store.objects.find(bucket, request.key, request.query.get('versionId'));
    assertMay(request, {
      action: ofVersion('Put')(request),
      bucket,
      key: request.key,
      existing,
      requestTags: tags,
    });
    return emptyResponse(200, versionHeader(await setTags(server, request, tags)));
  },
};

export const deleteObjectTagging: Operation = {
  name: 'DeleteObjectTagging',
  method: 'DELETE',
  level: 'object',
  query: ['tagging'],
  action: ofVersion('Delete'),
  looksAt: true,
  async run(server, request) {
    return emptyResponse(204, versionHeader(await setTags(server, request, undefined)));
  },
};

function setTags(server: Server, request: S3Request, tags: Tags | undefined): Promise<ObjectRow> {
  const { key, query } = request;
  const bucket = server.store.buckets.get(request.bucket);
  const name = tags === undefined ? 'ObjectCreated:DeleteTagging' : 'ObjectCreated:PutTagging';
  return server.store.objects.update(
    bucket,
    key,
    query.get('versionId'),
    row => ({ ...row, tags }),
    announceOf(server, request, bucket, key, name),
  );
}

function versionHeader({ versionId }: ObjectRow): string[] {
  return versionId === 'null' ? [] : ['x-amz-version-id', versionId];
}
