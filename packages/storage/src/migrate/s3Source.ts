/** A server of S3 as the source of a migration. */
import {
  ClientError,
  type Connection,
  getObject,
  keptHeaders,
  listBuckets,
  listObjects,
  listVersions,
  type VersionEntry,
} from '../client/index.ts';
import { childOf, parseXml, textOf } from '../xml/parse.ts';
import { readIamExport } from './iamExport.ts';
import { keysOf } from './keysOf.ts';
import { earlySettings, lateSettings, type Source, type SourceBucket, type SourceObject } from './source.ts';

/** What a server without such a setting answers; or without any such settings. */
const absent = [400, 403, 404, 405, 501];

/** @param only buckets that are meant; empty: all */
export function s3Source(connection: Connection, only: readonly string[]): Source {
  return {
    name: connection.origin,
    async buckets() {
      const names = only.length > 0 ? only : (await listBuckets(connection)).map(({ name }) => name);
      const found: SourceBucket[] = [];
      for (const name of names) found.push(await readBucket(connection, name));
      return found;
    },
    keys: bucket => keysOf(versionsOf(connection, bucket)),
    open: async (bucket, key, { versionId, etag, size }) => {
      const place = { bucket, key };
      const reply = await getObject(connection, place, {
        versionId: versionId === '' ? undefined : versionId,
        ifMatch: etag === '' ? undefined : etag,
      });
      const { headers } = reply;
      const count = Number(headers['x-amz-tagging-count'] ?? 0);
      const told: SourceObject = {
        headers: {
          ...keptHeaders(headers),
          ...(count > 0 && { 'x-amz-tagging': await readTags(connection, bucket, key, versionId) }),
          ...pick(headers, [
            'x-amz-object-lock-mode',
            'x-amz-object-lock-retain-until-date',
            'x-amz-object-lock-legal-hold',
          ]),
        },
        body: reply.body as AsyncIterable<Buffer>,
        partSizes: [size],
      };
      return told;
    },
    async people(onNote) {
      if (only.length > 0) return undefined;
      try {
        return readIamExport(
          await connection.read({ path: '/minio/admin/v3/export-iam' }),
          connection.accessKey,
        );
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        onNote(`Users, policies and keys were not brought: ${error.message}`);
        return undefined;
      }
    },
  };
}

async function* versionsOf(connection: Connection, bucket: string): AsyncGenerator<VersionEntry> {
  let began = false;
  try {
    for await (const entry of listVersions(connection, { bucket, key: '' })) {
      began = true;
      yield entry;
    }
  } catch (error) {
    // Servers without versions do not list them.
    const lacks = error instanceof ClientError && (error.status === 501 || error.status === 405);
    if (began || !lacks) throw error;
    for await (const entry of listObjects(connection, { bucket, key: '' }, ''))
      if (entry.kind === 'object') yield { ...entry, versionId: '', isLatest: true, isMarker: false };
  }
}

async function readBucket(connection: Connection, name: string): Promise<SourceBucket> {
  const read = async (what: string): Promise<string | undefined> => {
    const reply = await connection.send({ path: `/${name}`, query: { [what]: '' }, accept: absent });
    const pieces: Buffer[] = [];
    for await (const piece of reply.body) pieces.push(piece as Buffer);
    return reply.status === 200 ? Buffer.concat(pieces).toString('utf8') : undefined;
  };
  const settings: Record<string, string> = {};
  for (const what of [...earlySettings, ...lateSettings]) {
    const text = await read(what);
    if (text !== undefined) settings[what] = text;
  }
  const versioning = await read('versioning');
  const status = versioning && textOf(parseXml(Buffer.from(versioning)), 'Status');
  return {
    name,
    versioning: status === 'Enabled' || status === 'Suspended' ? status : undefined,
    locks: settings['object-lock'] !== undefined,
    settings,
    quota: await readQuota(connection, name),
  };
}

async function readQuota(connection: Connection, bucket: string): Promise<number | undefined> {
  const reply = await connection.send({
    path: '/minio/admin/v3/get-bucket-quota',
    query: { bucket },
    accept: absent,
  });
  const pieces: Buffer[] = [];
  for await (const piece of reply.body) pieces.push(piece as Buffer);
  if (reply.status !== 200) return undefined;
  const { size, quota } = JSON.parse(Buffer.concat(pieces).toString('utf8')) as Record<string, number>;
  return size || quota || undefined;
}

async function readTags(
  connection: Connection,
  bucket: string,
  key: string,
  versionId: string,
): Promise<string> {
  const answer = parseXml(
    await connection.read({
      path: `/${bucket}/${key}`,
      query: { tagging: '', versionId: versionId === '' ? undefined : versionId },
    }),
  );
  return (childOf(answer, 'TagSet')?.children ?? [])
    .map(tag =>
      [childOf(tag, 'Key')?.text ?? '', childOf(tag, 'Value')?.text ?? ''].map(encodeURIComponent).join('='),
    )
    .join('&');
}

function pick(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(name => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
  ) as Record<string, string>;
}
