/** A bucket's settings, from a source to a target. */
import { createHash } from 'node:crypto';
import { ClientError, type Connection, makeBucket, setVersioning } from '../client/index.ts';
import { earlySettings, lateSettings, type SourceBucket } from './source.ts';

type OnNote = (text: string) => void;

/** Makes the bucket, with what has to be there before its objects. @throws {ClientError} */
export async function prepareBucket(to: Connection, bucket: SourceBucket, onNote: OnNote): Promise<void> {
  try {
    await makeBucket(to, bucket.name, bucket.locks);
  } catch (error) {
    if (!(error instanceof ClientError) || !error.code.startsWith('BucketAlready')) throw error;
  }
  // One that is suspended has versions of before.
  if (bucket.versioning !== undefined) await setVersioning(to, bucket.name, 'Enabled');
  await put(to, bucket, earlySettings, onNote);
}

/** What would act on objects while they come. */
export async function finishBucket(to: Connection, bucket: SourceBucket, onNote: OnNote): Promise<void> {
  await put(to, bucket, lateSettings, onNote);
  if (bucket.versioning === 'Suspended' && !bucket.locks) await setVersioning(to, bucket.name, 'Suspended');
  if (bucket.quota === undefined) return;
  await attempt(`${bucket.name}: its quota`, onNote, () =>
    to.read({
      method: 'PUT',
      path: '/minio/admin/v3/set-bucket-quota',
      query: { bucket: bucket.name },
      body: Buffer.from(JSON.stringify({ quota: bucket.quota, size: bucket.quota, quotatype: 'hard' })),
    }),
  );
}

async function put(
  to: Connection,
  { name, settings }: SourceBucket,
  which: readonly string[],
  onNote: OnNote,
) {
  for (const what of which) {
    const text = settings[what];
    if (text === undefined) continue;
    const body = Buffer.from(text);
    await attempt(`${name}: its ${what}`, onNote, () =>
      to.read({
        method: 'PUT',
        path: `/${name}`,
        query: { [what]: '' },
        headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
        body,
      }),
    );
  }
}

/** What a target does not take is told, and the rest goes on. */
export async function attempt(what: string, onNote: OnNote, work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof ClientError) || error.status === 0) throw error;
    onNote(`${what} was not taken over: ${error.message}`);
    return false;
  }
}
