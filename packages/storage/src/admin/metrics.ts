/** What Prometheus is told, under MinIO's names. @see https://min.io/docs/minio/linux/reference/minio-metrics.html */
import { createHmac } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { isEqual } from '../auth/equal.ts';
import { S3Error } from '../errors/s3Error.ts';
import { evaluateAll } from '../policy/evaluate.ts';
import type { Server } from '../server.ts';
import { sizeClasses } from '../store/usage.ts';

const prefix = '/minio/v2/metrics/';

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

/** Undefined: it is no question about metrics. @throws {S3Error} AccessDenied */
export async function answerMetrics(http: HttpRequest, server: Server): Promise<HttpResponse | undefined> {
  if (http.method !== 'GET' || !http.path.startsWith(prefix)) return undefined;
  const what = http.path.slice(prefix.length).replace(/\/$/, '');
  if (what !== 'cluster' && what !== 'node' && what !== 'bucket' && what !== 'resource') return undefined;
  if (server.config.metricsAuth === 'jwt') assertToken(http.headers.authorization, server, Date.now());
  const metrics = what === 'bucket' ? await bucketMetrics(server) : await clusterMetrics(server);
  return {
    status: 200,
    headers: ['Content-Type', 'text/plain; version=0.0.4; charset=utf-8'],
    body: metrics.map(render).join(''),
  };
}

/**
 * What `mc admin prometheus generate` makes: a JWT of the user's own, signed with its secret.
 * @throws {S3Error} AccessDenied
 */
function assertToken(authorization: string | undefined, { iam }: Server, now: number): void {
  const [, head, body, signature] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? '') ?? [];
  if (head === undefined) throw new S3Error('AccessDenied');
  const [header, claims] = [readPart(head), readPart(body!)];
  const name = claims.accessKey ?? claims.sub;
  const credential = typeof name === 'string' ? iam.find(name, now) : undefined;
  if (header.alg !== 'HS512' || credential === undefined) throw new S3Error('AccessDenied');
  const expected = createHmac('sha512', credential.secretKey).update(`${head}.${body}`).digest('base64url');
  if (!isEqual(signature!, expected)) throw new S3Error('AccessDenied');
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= now) throw new S3Error('AccessDenied');
  const { identity } = credential;
  if (identity.kind === 'anonymous') throw new S3Error('AccessDenied');
  const access = { action: 'admin:Prometheus', resource: 'arn:aws:s3:::*', values: new Map() };
  const policies = [
    ...(identity.kind === 'user' ? [identity.policies] : []),
    ...(identity.sessionPolicy === undefined ? [] : [[identity.sessionPolicy]]),
  ];
  if (policies.some(each => evaluateAll(each, access) !== 'allow')) throw new S3Error('AccessDenied');
}

function readPart(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new S3Error('AccessDenied', { cause });
  }
}

const one = (name: string, help: string, value: number): Metric => ({ name, help, samples: [[{}, value]] });

async function clusterMetrics(server: Server): Promise<Metric[]> {
  const { store, traffic } = server;
  const total = { objects: 0, versions: 0, markers: 0, bytes: 0 };
  const buckets = store.buckets.all();
  for (const { id } of buckets) {
    const usage = await store.usage.of(id);
    for (const field of ['objects', 'versions', 'markers', 'bytes'] as const) total[field] += usage[field];
  }
  const disk = await statfs(store.folder);
  const [capacity, free] = [disk.blocks * disk.bsize, disk.bavail * disk.bsize];
  const isWell = Number(store.index.failure === null);
  return [
    one('minio_cluster_health_status', 'Get current cluster health status', isWell),
    one('minio_cluster_nodes_online_total', 'Total number of MinIO nodes online', 1),
    one('minio_cluster_nodes_offline_total', 'Total number of MinIO nodes offline', 0),
    one('minio_cluster_drive_total', 'Total drives in this cluster', 1),
    one('minio_cluster_drive_online_total', 'Total drives online in this cluster', isWell),
    one('minio_cluster_drive_offline_total', 'Total drives offline in this cluster', 1 - isWell),
    one('minio_cluster_bucket_total', 'Total number of buckets in the cluster', buckets.length),
    one('minio_cluster_usage_object_total', 'Total number of objects in a cluster', total.objects),
    one(
      'minio_cluster_usage_version_total',
      'Total number of versions (includes delete marker) in a cluster',
      total.versions + total.markers,
    ),
    one(
      'minio_cluster_usage_deletemarker_total',
      'Total number of delete markers in a cluster',
      total.markers,
    ),
    one('minio_cluster_usage_total_bytes', 'Total cluster usage in bytes', total.bytes),
    one('minio_cluster_capacity_raw_total_bytes', 'Total capacity online in the cluster', capacity),
    one('minio_cluster_capacity_raw_free_bytes', 'Total free capacity online in the cluster', free),
    one('minio_cluster_capacity_usable_total_bytes', 'Total usable capacity online in the cluster', capacity),
    one('minio_cluster_capacity_usable_free_bytes', 'Total free usable capacity online in the cluster', free),
    {
      name: 'minio_s3_requests_total',
      help: 'Total number S3 requests',
      samples: [...traffic.requests].map(([api, value]) => [{ api }, value] as const),
    },
    {
      name: 'minio_s3_requests_errors_total',
      help: 'Total number S3 requests with (4xx and 5xx) errors',
      samples: [...traffic.errors].map(([api, value]) => [{ api }, value] as const),
    },
    one(
      'minio_s3_requests_inflight_total',
      'Total number of S3 requests currently in flight',
      traffic.inFlight,
    ),
    one(
      'minio_notify_events_skipped_total',
      'Number of events that found no room in a queue',
      server.notifier.dropped,
    ),
    one(
      'minio_notify_target_queue_length',
      'Number of unsent notifications in queue',
      server.notifier.waiting,
    ),
    one(
      'minio_node_process_resident_memory_bytes',
      'Resident memory size in bytes',
      process.memoryUsage.rss(),
    ),
    one(
      'minio_node_process_uptime_seconds',
      'Uptime for MinIO process per node in seconds',
      Math.round(process.uptime()),
    ),
  ];
}

async function bucketMetrics({ store }: Server): Promise<Metric[]> {
  const samples = { objects: [], bytes: [], versions: [], markers: [], quota: [], sizes: [] } as Record<
    string,
    [Record<string, string>, number][]
  >;
  for (const { id, name, quota } of store.buckets.all()) {
    const usage = await store.usage.of(id);
    const bucket = { bucket: name };
    samples.objects!.push([bucket, usage.objects]);
    samples.bytes!.push([bucket, usage.bytes]);
    samples.versions!.push([bucket, usage.versions + usage.markers]);
    samples.markers!.push([bucket, usage.markers]);
    if (quota !== undefined) samples.quota!.push([bucket, quota]);
    for (const [i, [range]] of sizeClasses.entries())
      samples.sizes!.push([{ ...bucket, range }, usage.sizes[i]!]);
  }
  const metric = (name: string, help: string, of: string): Metric => ({ name, help, samples: samples[of]! });
  return [
    metric('minio_bucket_usage_object_total', 'Total number of objects', 'objects'),
    metric(
      'minio_bucket_usage_version_total',
      'Total number of versions (includes delete marker)',
      'versions',
    ),
    metric('minio_bucket_usage_deletemarker_total', 'Total number of delete markers', 'markers'),
    metric('minio_bucket_usage_total_bytes', 'Total bucket size in bytes', 'bytes'),
    metric('minio_bucket_quota_total_bytes', 'Total bucket quota size in bytes', 'quota'),
    metric('minio_bucket_objects_size_distribution', 'Distribution of object sizes in the bucket', 'sizes'),
  ];
}

function render({ name, help, samples }: Metric): string {
  const kind = name.endsWith('_errors_total') || name === 'minio_s3_requests_total' ? 'counter' : 'gauge';
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${text.replace(/[\\"\n]/g, '\\$&')}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}
