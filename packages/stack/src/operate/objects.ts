/** What commands do with object storage: the running stack's, or any server of S3. */
import { Connection, type Endpoint, endpointOf, type Site } from '@peakstone/storage/client';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';
import { stackValues } from '../run/stackValues.ts';
import { runningState } from '../run/state.ts';

export * from '@peakstone/storage/client';
export * from '@peakstone/storage/migrate';

/**
 * A server, as its administrator (the stack's) or with the keys that the environment and other clients' files have for it.
 * @throws {StackError} `notRunning`; {ClientError} there are no keys
 */
export async function connectSite(
  site: Site,
  paths: StackPaths,
  env: EnvValues,
  signal: AbortSignal,
): Promise<Connection> {
  const endpoint = site.kind === 'stack' ? await stackEndpoint(paths, env) : endpointOf(site, env);
  return new Connection(endpoint, signal);
}

async function stackEndpoint(paths: StackPaths, env: EnvValues): Promise<Endpoint> {
  const values = await stackValues(paths, env);
  const origin = values.PEAKSTONE_UPSTREAM_STORAGE ?? (await ownOrigin(paths));
  const secretKey = values.MINIO_ROOT_PASS || values.MINIO_ROOT_PASSWORD;
  if (!secretKey)
    throw new StackError('config', 'MINIO_ROOT_PASS is not set.', {
      hint: 'peakstone up makes what is missing.',
    });
  return {
    origin,
    accessKey: values.MINIO_ROOT_USER ?? 'minioadmin',
    secretKey,
    region: values.MINIO_SITE_REGION,
  };
}

async function ownOrigin(paths: StackPaths): Promise<string> {
  const port = (await runningState(paths)).ports.storage;
  if (port === undefined)
    throw new StackError('unanswered', 'This stack runs without object storage.', {
      hint: 'Name a server: ALIAS:BUCKET/KEY or https://HOST/BUCKET/KEY.',
    });
  return `http://127.0.0.1:${port}`;
}
