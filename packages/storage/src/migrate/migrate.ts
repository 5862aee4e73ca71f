/**
 * From a source to a server of S3, bucket by bucket, key by key, each key's versions in their order. What is there already
 * is passed over, so that a run that was ended goes on where it was, without a record of its own: both ends list alike.
 */
import { ClientError, type Connection, listVersions, uploadStream } from '../client/index.ts';
import { forEachOf, Gate } from '../gate.ts';
import { bringPeople, type PeopleCounts } from './bringPeople.ts';
import { keysOf } from './keysOf.ts';
import { finishBucket, prepareBucket } from './settings.ts';
import type { Source, SourceKey, SourceVersion } from './source.ts';

export interface MigrationEvents {
  /** What there is was counted. */
  onFound(versions: number, bytes: number): void;
  onMoved(bytes: number, isNew: boolean): void;
  onNote(text: string): void;
  onFailure(what: string, error: Error): void;
}

export interface MigrationReport extends PeopleCounts {
  readonly buckets: number;
  readonly copied: number;
  readonly present: number;
  readonly bytes: number;
  readonly failed: number;
}

const keysAtOnce = 8;
const maxHeldBytes = 256 * 1024 * 1024;
/** Of one large object: some parts at a time. */
const heldBytes = 80 * 1024 * 1024;

/** @param isRehearsal counts alone. @throws {ClientError} for what lets nothing go on */
export async function migrate(
  source: Source,
  to: Connection,
  isRehearsal: boolean,
  events: MigrationEvents,
  signal: AbortSignal,
): Promise<MigrationReport> {
  const counts = { copied: 0, present: 0, bytes: 0, failed: 0 };
  const buckets = await source.buckets();
  for (const { name } of buckets) {
    for await (const { versions } of source.keys(name)) {
      signal.throwIfAborted();
      events.onFound(
        versions.length,
        versions.reduce((sum, { size }) => sum + size, 0),
      );
    }
  }
  const people = await source.people(events.onNote);
  if (isRehearsal)
    return {
      ...counts,
      buckets: buckets.length,
      policies: people?.policies.length ?? 0,
      users: people?.users.length ?? 0,
      groups: people?.groups.length ?? 0,
      keys: people?.keys.length ?? 0,
    };
  const gate = new Gate(maxHeldBytes);
  for (const bucket of buckets) {
    await prepareBucket(to, bucket, events.onNote);
    const pairs = beside(
      source.keys(bucket.name),
      keysOf(listVersions(to, { bucket: bucket.name, key: '' })),
    );
    await forEachOf(pairs, keysAtOnce, async ([wanted, present]) => {
      signal.throwIfAborted();
      const done = presentCount(wanted.versions, present?.versions ?? []);
      for (const [i, version] of wanted.versions.entries()) {
        try {
          if (i >= done) await bring(source, to, bucket.name, wanted.key, version, gate);
          counts[i < done ? 'present' : 'copied']++;
          if (i >= done) counts.bytes += version.size;
          events.onMoved(version.size, i >= done);
        } catch (error) {
          signal.throwIfAborted();
          if (!(error instanceof ClientError)) throw error;
          // What comes after it would stand in its place.
          counts.failed += wanted.versions.length - i;
          events.onFailure(`${bucket.name}/${wanted.key}`, error);
          return;
        }
      }
    });
    await finishBucket(to, bucket, events.onNote);
  }
  const brought = people && (await bringPeople(to, people, events.onNote));
  return {
    ...counts,
    buckets: buckets.length,
    ...(brought ?? { policies: 0, users: 0, groups: 0, keys: 0 }),
  };
}

/** Each of the first with the second's of the same key; both in the order of their bytes. */
async function* beside(
  wanted: AsyncIterable<SourceKey>,
  present: AsyncIterable<SourceKey>,
): AsyncGenerator<readonly [wanted: SourceKey, present: SourceKey | undefined]> {
  const other = present[Symbol.asyncIterator]();
  let next = await other.next();
  for await (const one of wanted) {
    const place = Buffer.from(one.key);
    while (!next.done && Buffer.compare(Buffer.from(next.value.key), place) < 0) next = await other.next();
    yield [one, !next.done && next.value.key === one.key ? next.value : undefined];
  }
}

/** How many of the versions that are wanted are there: the first so many, alike. Pure. */
function presentCount(wanted: readonly SourceVersion[], present: readonly SourceVersion[]): number {
  const isAlike = (a: SourceVersion, b: SourceVersion): boolean =>
    a.isMarker === b.isMarker &&
    (a.isMarker || (a.size === b.size && (a.etag === b.etag || isOtherEtag(a, b))));
  // A target that made versions of its own since is not looked through.
  let count = 0;
  while (count < wanted.length && present[count] !== undefined && isAlike(wanted[count]!, present[count]!))
    count++;
  return count;
}

/** A target that makes ETags of its own, of what comes in parts: the size decides. */
function isOtherEtag(a: SourceVersion, b: SourceVersion): boolean {
  return a.etag.includes('-') || b.etag.includes('-') || a.etag === '';
}

async function bring(
  source: Source,
  to: Connection,
  bucket: string,
  key: string,
  version: SourceVersion,
  gate: Gate,
): Promise<void> {
  const { versionId, etag, modified, isMarker, size } = version;
  // Servers that know nothing of these make their own.
  const origin = {
    'x-minio-source-mtime': modified,
    'x-minio-source-version-id': versionId === '' ? undefined : versionId,
  };
  if (isMarker) {
    await (await to.send({ method: 'DELETE', path: `/${bucket}/${key}`, headers: origin })).body.resume();
    return;
  }
  const isDigest = /^[0-9a-f]{32}(-\d+)?$/.test(etag);
  // Opened when there is room for it: what waits unread is ended by its server.
  const sent = await gate.run(Math.min(size, heldBytes), async () => {
    const { headers: told, body } = await source.open(bucket, key, version);
    const headers = { ...stillLocked(told), ...origin, 'x-minio-source-etag': isDigest ? etag : undefined };
    return await uploadStream(to, body, { bucket, key }, { headers });
  });
  if (sent !== size)
    throw new ClientError('Damaged', 0, `${bucket}/${key} came short.`, 'Run the command again.');
}

/** A lock whose time is over is none. */
function stillLocked(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const until = headers['x-amz-object-lock-retain-until-date'];
  if (until === undefined || Date.parse(until) > Date.now()) return headers;
  const { 'x-amz-object-lock-mode': _mode, 'x-amz-object-lock-retain-until-date': _until, ...rest } = headers;
  return rest;
}
