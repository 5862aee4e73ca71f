import { runPaced } from '@peakstone/kernel/pace';
import { listVersions } from '../../store/list.ts';
import type { BucketRow } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';

/** Deletes every version. @throws {S3Error} AccessDenied at the first that is locked */
export async function emptyBucket({ index, objects }: Store, bucket: BucketRow): Promise<void> {
  for (;;) {
    const page = await runPaced(
      listVersions(index, bucket, {
        prefix: '',
        delimiter: '',
        after: '',
        afterSequence: undefined,
        limit: 1000,
      }),
    );
    if (page.versions.length === 0) return;
    await Promise.all(
      page.versions.map(({ key, row }) => objects.delete(bucket, key, { versionId: row.versionId })),
    );
  }
}
