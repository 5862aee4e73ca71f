/** `/minio/health/…`: for load balancers, without credentials, without a body. */
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Server } from '../server.ts';
import { emptyResponse } from '../wire/respond.ts';

const paths = new Set(['live', 'ready', 'cluster', 'cluster/read'].map(name => `/minio/health/${name}`));

/** Undefined: it is no question about health. */
export function answerHealth({ method, path }: HttpRequest, { store }: Server): HttpResponse | undefined {
  if (!path.startsWith('/minio/health/') || !paths.has(path.replace(/\/$/, ''))) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  const isWell = path.includes('/live') || store.index.failure === null;
  return emptyResponse(isWell ? 200 : 503);
}
