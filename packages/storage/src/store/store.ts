/** A folder of objects: opened once, closed once. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Bodies } from './bodies.ts';
import { Buckets } from './buckets.ts';
import { blobsFolder, formatFile, indexFolder } from './folder.ts';
import { Index } from './index/index.ts';
import { bucketEnd, bucketStart, readNumberKey } from './index/keys.ts';
import { lockFolderSoon } from './lock.ts';
import { Objects } from './objects.ts';
import type { BucketRow } from './rows.ts';
import { Sequence } from './sequence.ts';
import { StoreError } from './storeError.ts';
import { Uploads } from './uploads.ts';
import { UsageCounter } from './usage.ts';

export interface Store {
  readonly folder: string;
  readonly index: Index;
  readonly sequence: Sequence;
  readonly buckets: Buckets;
  readonly bodies: Bodies;
  readonly objects: Objects;
  readonly uploads: Uploads;
  readonly usage: UsageCounter;
  /** Whether no version and no marker is in it. */
  isEmpty(bucket: BucketRow): boolean;
  close(): Promise<void>;
}

const formatVersion = 1;

/**
 * Opens the folder, making what is missing and undoing what a crash left half done.
 * @param onFailure told of what fails in the background
 * @throws {StoreError}
 */
export async function openStore(folder: string, onFailure: (error: unknown) => void): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (existsSync(path.join(folder, '.minio.sys')))
    throw new StoreError(
      'FOREIGN',
      `${folder} holds MinIO’s own data, in MinIO’s format.`,
      'Name an empty folder, and bring the objects over with peakstone storage migrate.',
    );
  const unlock = await lockFolderSoon(folder);
  try {
    assertFormat(folder);
    await mkdir(path.join(folder, indexFolder), { recursive: true, mode: 0o700 });
    const index = Index.open(path.join(folder, indexFolder));
    const sequence = new Sequence(lastSequence(index));
    const buckets = new Buckets(index);
    const bodies = new Bodies(index, sequence, path.join(folder, blobsFolder), onFailure);
    await bodies.recover();
    const usage = new UsageCounter(index);
    const objects = new Objects(index, buckets, bodies, sequence, usage);
    const uploads = new Uploads(index, buckets, bodies, objects, sequence);
    await uploads.prune();
    // Quotas hold from the start on, as soon as it is known what is there.
    const limited = buckets.all().find(({ quota }) => quota !== undefined);
    if (limited !== undefined) void usage.of(limited.id).catch(onFailure);
    return {
      folder,
      index,
      sequence,
      buckets,
      bodies,
      objects,
      uploads,
      usage,
      isEmpty: ({ id }) => index.keys('objects', bucketStart(id), bucketEnd(id), 1).length === 0,
      async close() {
        await usage.close();
        await bodies.close();
        await index.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function assertFormat(folder: string): void {
  const file = path.join(folder, formatFile);
  if (!existsSync(file)) {
    writeFileSync(file, `${JSON.stringify({ format: 'peakstone-storage', version: formatVersion })}\n`, {
      mode: 0o600,
    });
    return;
  }
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: number };
  if (version !== formatVersion)
    throw new StoreError(
      'NEWER',
      `${folder} was written by a newer version (format ${version}).`,
      'Upgrade PeakStone.',
    );
}

/** Ids of inline bodies and manifests are of the same sequence as versions, and the clock is ahead of both unless it went back. */
function lastSequence(index: Index): number {
  return Math.max(
    0,
    ...(['bodies', 'manifests'] as const).map(table => {
      const last = index.last(table);
      return last === undefined ? 0 : readNumberKey(last.key);
    }),
  );
}
