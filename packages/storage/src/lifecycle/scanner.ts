/** Applies lifecycle rules: goes through the buckets that have some, again and again, one bucket at a time. */

import { runPaced } from '@peakstone/kernel/pace';
import { pause } from '@peakstone/kernel/service';
import { S3Error } from '../errors/s3Error.ts';
import type { Writes } from '../store/index/index.ts';
import { type ListedVersion, listVersions, type VersionPage } from '../store/list.ts';
import type { BucketRow, ObjectRow } from '../store/rows.ts';
import { sequenceOf } from '../store/sequence.ts';
import type { Store } from '../store/store.ts';
import { type Clock, expiryOf, isExpired, isMarkerDue, isNoncurrentDue, isUploadDue } from './due.ts';
import { clockOf, describeLeap, witnessTime } from './witness.ts';

export interface ScannerOptions {
  /** Length of a day: shorter for tests. */
  readonly dayMs: number;
  readonly everyMs: number;
  /** What is to be written with a deletion. */
  readonly announce: (
    bucket: BucketRow,
    key: string,
    name: 'LifecycleExpiration:Delete' | 'LifecycleExpiration:DeleteMarkerCreated',
  ) => ((writes: Writes, row: ObjectRow) => void) | undefined;
  /** @param leap why nothing goes by the clock; undefined while it runs as it should */
  readonly onClock: (leap: string | undefined) => void;
  readonly onFailure: (error: unknown) => void;
}

/** @returns what ends it */
export function startScanner(store: Store, options: ScannerOptions): () => Promise<void> {
  const stop = new AbortController();
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      let clock: Clock | undefined;
      try {
        const witness = await witnessTime(store);
        options.onClock(describeLeap(witness));
        clock = clockOf(witness);
      } catch (error) {
        // A full disk, say: nothing goes by a clock that nobody looks at.
        options.onFailure(error);
      }
      // Looked at before the first pause: what was off is seen as such at the start.
      await pause(options.everyMs, stop.signal);
      for (const bucket of clock === undefined ? [] : store.buckets.all()) {
        if (stop.signal.aborted) return;
        try {
          await scanBucket(store, bucket, clock!, options, stop.signal);
        } catch (error) {
          // A bucket that is gone meanwhile needs no scan.
          if (!(error instanceof S3Error)) options.onFailure(error);
        }
      }
    }
  };
  const running = loop();
  return async () => {
    stop.abort();
    await running;
  };
}

/** Goes through one bucket. */
export async function scanBucket(
  store: Store,
  bucket: BucketRow,
  clock: Clock,
  options: ScannerOptions,
  signal: AbortSignal,
): Promise<void> {
  const rules = bucket.lifecycle?.filter(rule => rule.enabled) ?? [];
  if (rules.length === 0) return;
  await abortUploads(store, bucket, clock, options.dayMs, signal);
  let after: VersionPage['next'];
  // Of the key that is being gone through: the page may end within it.
  let key: string | undefined;
  let newer: ListedVersion[] = [];
  for (;;) {
    const page: VersionPage = await runPaced(
      listVersions(store.index, bucket, {
        prefix: '',
        delimiter: '',
        after: after?.key ?? '',
        afterSequence: after && placeOf(store, bucket, after),
        limit: 1000,
      }),
    );
    for (const [i, version] of page.versions.entries()) {
      if (signal.aborted) return;
      if (version.key !== key) {
        key = version.key;
        newer = [];
      }
      const isAlone =
        version.isLatest &&
        page.versions[i + 1]?.key !== key &&
        !(i === page.versions.length - 1 && page.next);
      await judge(store, bucket, version, { newer, isAlone, clock }, options);
      newer.push(version);
    }
    after = page.next;
    if (after === undefined) return;
  }
}

function placeOf(
  { objects }: Store,
  bucket: BucketRow,
  { key, versionId }: NonNullable<VersionPage['next']>,
): number | undefined {
  return objects.find(bucket, key, versionId ?? 'null')?.sequence ?? sequenceOf(versionId ?? '');
}

async function judge(
  { objects }: Store,
  bucket: BucketRow,
  { key, row, isLatest }: ListedVersion,
  {
    newer,
    isAlone,
    clock,
  }: { readonly newer: readonly ListedVersion[]; readonly isAlone: boolean; readonly clock: Clock },
  { dayMs: day, announce }: ScannerOptions,
): Promise<void> {
  const rules = bucket.lifecycle!;
  const also = announce(bucket, key, 'LifecycleExpiration:Delete');
  // Replaced since it was looked at: the next scan judges anew.
  const unchanged = (current: { readonly sequence: number } | undefined): void => {
    if (current?.sequence !== row.sequence) throw new S3Error('ConditionalRequestConflict');
  };
  try {
    if (!isLatest) {
      const noncurrentNewer = newer.length - 1;
      if (
        isNoncurrentDue(rules, key, row, {
          since: newer.at(-1)!.row.modified,
          newer: noncurrentNewer,
          clock,
          day,
        })
      )
        await objects.delete(bucket, key, { versionId: row.versionId, also });
    } else if (row.deleteMarker) {
      if (isAlone && isMarkerDue(rules, key, row, clock, day))
        await objects.delete(bucket, key, { versionId: row.versionId, also });
    } else {
      const expiry = expiryOf(rules, key, row, day);
      if (expiry === undefined || !isExpired(expiry, row, clock, day)) return;
      const hidden = announce(bucket, key, 'LifecycleExpiration:DeleteMarkerCreated');
      await objects.delete(bucket, key, {
        judge: unchanged,
        also: (writes, gone, isMarkerMade) => (isMarkerMade ? hidden : also)?.(writes, gone),
      });
    }
  } catch (error) {
    // Locked versions stay until their time, whatever a rule says.
    if (!(error instanceof S3Error)) throw error;
  }
}

async function abortUploads(
  { uploads }: Store,
  bucket: BucketRow,
  clock: Clock,
  day: number,
  signal: AbortSignal,
): Promise<void> {
  let next: { readonly key: string; readonly uploadId: string } | undefined = { key: '', uploadId: '' };
  while (next !== undefined && !signal.aborted) {
    const page: Awaited<ReturnType<typeof listPage>> = await listPage(next);
    for (const { key, upload } of page.uploads) {
      if (isUploadDue(bucket.lifecycle!, key, upload.initiated, clock, day))
        await uploads.abort(bucket, key, upload.id);
    }
    next = page.next;
  }

  function listPage({ key, uploadId }: { readonly key: string; readonly uploadId: string }) {
    return runPaced(
      uploads.list(bucket, {
        prefix: '',
        delimiter: '',
        keyMarker: key,
        uploadIdMarker: uploadId,
        limit: 1000,
      }),
    );
  }
}
