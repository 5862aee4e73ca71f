/** What the commands of the object storage run without a stack. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readSecret, readString, readUrl } from '@peakstone/kernel/config';
import type { Running } from '@peakstone/kernel/service';
import { sign } from '@peakstone/kernel/sigv4';
import type { ScrubReport } from '@peakstone/storage/verify';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import { withAnonKey } from './keys.ts';
import { picturesOf } from './pictures.ts';

/** With the command line of `minio server`; resolves with its exit code. */
export async function runStandaloneStorage(argv: readonly string[], env: EnvValues): Promise<number> {
  const { runStorage } = await import('@peakstone/storage/main');
  return await runStorage(argv, env);
}

/**
 * What the container runs: everything from the environment, buckets and users too.
 * @throws {ConfigError} naming the variable
 */
export async function serveStorage(env: EnvValues, write: (text: string) => void): Promise<Running> {
  const { describeEvent, storageService } = await import('@peakstone/storage');
  const config = storageService.config(withAnonKey(env));
  return await storageService.start(
    config,
    { emit: event => write(`${describeEvent(event)}\n`), render: picturesOf(env) },
    new AbortController().signal,
  );
}

const emptyDigest = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const patienceMs = 120_000;
const pauseMs = 1000;

/**
 * Waits until the application's user can list its bucket.
 * @returns what there is, in one line
 * @throws {ConfigError} naming the variable; {StackError} when it cannot within two minutes
 */
export async function awaitStorage(env: EnvValues): Promise<string> {
  const endpoint = readUrl(env, 'MINIO_ENDPOINT');
  const bucket = readString(env, 'MINIO_BUCKET', { default: 'uploads' });
  const accessKey = readString(env, 'S3_APP_ACCESS_KEY', { default: 'psappaccess' });
  const secretKey = readSecret(env, 'S3_APP_SECRET_KEY');
  const region = readString(env, 'AWS_REGION', { default: 'us-east-1' });
  const url = new URL(`/${bucket}?list-type=2&max-keys=1`, endpoint);
  let reason = 'no answer';
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(pauseMs)) {
    const headers = { 'x-amz-content-sha256': emptyDigest };
    const signed = sign({ region, accessKey, secretKey }, 'GET', url, headers, emptyDigest, new Date());
    try {
      const answer = await fetch(url, { headers: signed, signal: AbortSignal.timeout(pauseMs * 5) });
      const text = await answer.text();
      if (answer.ok) return `storage-bootstrap: bucket ${bucket} is ready for user ${accessKey}`;
      reason = `${answer.status} ${/<Code>(\w+)</.exec(text)?.[1] ?? ''}`.trim();
    } catch (error) {
      const { cause, message } = error as Error & { readonly cause?: { readonly message?: string } };
      reason = cause?.message || message;
    }
  }
  throw new StackError(
    'unanswered',
    `${accessKey} cannot list the bucket ${bucket} at ${endpoint.origin}: ${reason}.`,
    {
      hint: 'Look at the storage’s log; it makes both when S3_APP_SECRET_KEY is set.',
    },
  );
}

export type { ScrubReport } from '@peakstone/storage/verify';

/**
 * Reads everything in a folder that nobody serves, and says what is damaged.
 * @throws {StackError} it holds no objects, or is in use
 */
export async function verifyStorage(
  folder: string,
  onProgress: (bytes: number) => void,
): Promise<ScrubReport> {
  const { verifyFolder } = await import('@peakstone/storage/verify');
  const { StoreError } = await import('@peakstone/storage');
  try {
    return await verifyFolder(folder, onProgress);
  } catch (error) {
    if (error instanceof StoreError)
      throw new StackError('config', error.message, { hint: error.hint, cause: error });
    throw error;
  }
}
