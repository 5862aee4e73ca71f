/** The folder of a stopped MinIO of one drive as the source of a migration. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ClientError } from '../../client/index.ts';
import { parseXml, textOf } from '../../xml/parse.ts';
import type { Source, SourceBucket, SourceVersion } from '../source.ts';
import { readBody } from './body.ts';
import { type Unpacked, Unpacker } from './msgpack.ts';
import { readDriveFile, readDrivePeople } from './people.ts';
import { walkKeys } from './walk.ts';
import type { DriveVersion } from './xlMeta.ts';

export const systemFolder = '.minio.sys';

interface DriveEntry extends SourceVersion {
  readonly version: DriveVersion;
  readonly folder: string;
}

/** Settings by the name that they have in a bucket's own file. */
const documents: Readonly<Record<string, string>> = {
  policy: 'PolicyConfigJSON',
  lifecycle: 'LifecycleConfigXML',
  tagging: 'TaggingConfigXML',
  encryption: 'EncryptionConfigXML',
  'object-lock': 'ObjectLockConfigXML',
  cors: 'CorsConfigXML',
};

/**
 * @param only buckets that are meant; empty: all
 * @param onFailure of an object whose file cannot be read
 * @throws {ClientError} it is no such folder
 */
export async function openDrive(
  root: string,
  only: readonly string[],
  onFailure: (what: string, error: Error) => void,
): Promise<Source> {
  const format = await readDriveJson(root);
  const sets = format.xl?.sets ?? [];
  if (format.format === 'fs')
    throw new ClientError(
      'OldDrive',
      0,
      `${root} is in MinIO’s older form (fs).`,
      'Migrate from the running server.',
    );
  if (sets.flat().length !== 1)
    throw new ClientError(
      'ManyDrives',
      0,
      `${root} is one of ${sets.flat().length} drives of a MinIO.`,
      'Migrate from the running server: peakstone storage migrate https://HOST',
    );
  return {
    name: root,
    async buckets() {
      const names = (await readdir(root, { withFileTypes: true }))
        .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
        .map(({ name }) => name)
        .filter(name => only.length === 0 || only.includes(name));
      return await Promise.all(names.sort().map(name => readBucket(root, name)));
    },
    async *keys(bucket) {
      const walk = walkKeys(path.join(root, bucket), '', (key, error) =>
        onFailure(`${bucket}/${key}`, error),
      );
      for await (const { key, folder, versions } of walk)
        yield {
          key,
          versions: versions.toReversed().map(
            (version): DriveEntry => ({
              versionId: version.versionId,
              isMarker: version.isMarker,
              size: sizeOf(version),
              etag: version.metadata.etag ?? '',
              modified: version.modified,
              version,
              folder,
            }),
          ),
        };
    },
    async open(bucket, key, entry) {
      const { version, folder } = entry as DriveEntry;
      const what = `${bucket}/${key}`;
      assertReadable(version, what);
      return {
        headers: headersOf(version.metadata),
        body: readBody(folder, version, what),
        partSizes: version.parts.map(({ size }) => size),
      };
    },
    people: async onNote =>
      only.length > 0 ? undefined : await readDrivePeople(path.join(root, systemFolder), onNote),
  };
}

async function readDriveJson(root: string): Promise<{ format?: string; xl?: { sets?: string[][] } }> {
  const { readIfThere } = await import('./walk.ts');
  const bytes = await readIfThere(path.join(root, systemFolder, 'format.json'));
  if (bytes === undefined)
    throw new ClientError(
      'NoDrive',
      0,
      `${root} holds no MinIO’s data.`,
      'Name the folder that minio server was given.',
    );
  return JSON.parse(bytes.toString('utf8'));
}

/** @throws {ClientError} for what only a MinIO with its keys could read */
function assertReadable({ internal }: DriveVersion, what: string): void {
  const names = [...internal.keys()];
  const refuse = (why: string): never => {
    throw new ClientError(
      'Sealed',
      0,
      `${what} is ${why} on the drive.`,
      'Migrate from the running server instead.',
    );
  };
  if (names.some(name => name.includes('server-side-encryption'))) refuse('encrypted');
  if (names.includes('x-minio-internal-compression')) refuse('compressed');
  if (names.includes('x-minio-internal-transition-status')) refuse('in another tier, not');
}

/** Of what is compressed, the drive's size is another. */
function sizeOf({ internal, size }: DriveVersion): number {
  const actual = internal.get('x-minio-internal-actual-size');
  return actual === undefined ? size : Number(actual.toString('utf8'));
}

const asHeaders =
  /^(?:cache-control|content-(?:disposition|encoding|language|type)|expires|x-amz-(?:meta-.*|tagging|object-lock-.*|website-redirect-location))$/;

function headersOf(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name, value]) => value !== '' && asHeaders.test(name)),
  );
}

async function readBucket(root: string, name: string): Promise<SourceBucket> {
  const bytes = await readDriveFile(path.join(root, systemFolder, 'buckets', name, '.metadata.bin'));
  // Two numbers, of the form and its version, stand before it.
  const fields =
    bytes === undefined ? new Map() : (new Unpacker(bytes, 4).next() as ReadonlyMap<string, Unpacked>);
  const text = (field: string): string | undefined => {
    const value = fields.get(field);
    return Buffer.isBuffer(value) && value.length > 0 ? value.toString('utf8') : undefined;
  };
  const settings: Record<string, string> = {};
  for (const [what, field] of Object.entries(documents)) {
    const document = text(field);
    if (document !== undefined) settings[what] = document;
  }
  const versioning = text('VersioningConfigXML');
  const status = versioning && textOf(parseXml(Buffer.from(versioning)), 'Status');
  const quota = text('QuotaConfigJSON');
  return {
    name,
    versioning: status === 'Enabled' || status === 'Suspended' ? status : undefined,
    locks: fields.get('LockEnabled') === true || settings['object-lock'] !== undefined,
    settings,
    quota: quota === undefined ? undefined : (JSON.parse(quota) as { quota?: number }).quota || undefined,
  };
}
