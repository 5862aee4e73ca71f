/** What the server is and does, as `mc admin info`, `config get` and their like ask. */
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { S3Error } from '../errors/s3Error.ts';
import type { Server } from '../server.ts';
import { sizeClasses, type Usage } from '../store/usage.ts';
import { type AdminCall, type AdminRequest, need } from './call.ts';

const startedAt = Date.now();

/** Of all buckets together, and each. */
async function countAll({
  store,
}: Server): Promise<{ readonly total: Usage; readonly each: ReadonlyMap<string, Usage> }> {
  const each = new Map<string, Usage>();
  const total: Usage = { objects: 0, versions: 0, markers: 0, bytes: 0, sizes: sizeClasses.map(() => 0) };
  for (const { id, name } of store.buckets.all()) {
    const usage = await store.usage.of(id);
    each.set(name, usage);
    for (const field of ['objects', 'versions', 'markers', 'bytes'] as const) total[field] += usage[field];
  }
  return { total, each };
}

/** The same as long as the folder is. */
function deploymentId({ store }: Server): string {
  const hex = createHash('sha256').update(store.folder).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

async function info(call: AdminRequest): Promise<object> {
  const { server, request } = call;
  const { store, config } = server;
  const { total } = await countAll(server);
  const disk = await statfs(store.folder);
  const space = {
    totalspace: disk.blocks * disk.bsize,
    availspace: disk.bavail * disk.bsize,
    usedspace: (disk.blocks - disk.bfree) * disk.bsize,
  };
  const endpoint = request.headers.host ?? hostname();
  return {
    mode: store.index.failure === null ? 'online' : 'offline',
    domain: config.domains,
    region: config.region ?? '',
    deploymentID: deploymentId(server),
    sqsARN: server.notifier.arns,
    buckets: { count: store.buckets.all().length },
    objects: { count: total.objects },
    versions: { count: total.versions },
    deletemarkers: { count: total.markers },
    usage: { size: total.bytes },
    services: {
      kms: { status: config.masterKey === undefined ? 'disabled' : 'online' },
      ldap: {},
      logger: [],
      audit: [],
      notifications: server.notifier.status(),
    },
    backend: {
      backendType: 'Erasure',
      onlineDisks: 1,
      offlineDisks: 0,
      standardSCParity: 0,
      rrSCParity: 0,
      totalSets: [1],
      totalDrivesPerSet: [1],
    },
    servers: [
      {
        state: 'online',
        endpoint,
        scheme: 'http',
        uptime: Math.round((Date.now() - startedAt) / 1000),
        version: 'PeakStone',
        network: { [endpoint]: 'online' },
        drives: [
          {
            endpoint: store.folder,
            path: store.folder,
            state: store.index.failure === null ? 'ok' : 'offline',
            local: true,
            ...space,
            used_inodes: disk.files - disk.ffree,
            free_inodes: disk.ffree,
            pool_index: 0,
            set_index: 0,
            disk_index: 0,
          },
        ],
        poolNumber: 1,
        poolNumbers: [1],
        mem_stats: { Alloc: process.memoryUsage.rss() },
        num_cpu: availableParallelism(),
        runtime_version: `node ${process.version}`,
        edition: 'PeakStone',
        is_leader: true,
      },
    ],
    pools: {
      0: {
        0: {
          id: 0,
          rawUsage: space.usedspace,
          rawCapacity: space.totalspace,
          usage: total.bytes,
          objectsCount: total.objects,
          versionsCount: total.versions,
          deleteMarkersCount: total.markers,
          healDisks: 0,
        },
      },
    },
  };
}

async function dataUsage({ server }: AdminRequest): Promise<object> {
  const { total, each } = await countAll(server);
  const disk = await statfs(server.store.folder);
  const histogram = ({ sizes }: Usage) =>
    Object.fromEntries(sizeClasses.map(([name], i) => [name, sizes[i]]));
  return {
    lastUpdate: new Date().toISOString(),
    objectsCount: total.objects,
    versionsCount: total.versions,
    deleteMarkersCount: total.markers,
    objectsTotalSize: total.bytes,
    bucketsCount: each.size,
    bucketsUsageInfo: Object.fromEntries(
      [...each].map(([name, usage]) => [
        name,
        {
          size: usage.bytes,
          objectsCount: usage.objects,
          versionsCount: usage.versions,
          deleteMarkersCount: usage.markers,
          objectsSizesHistogram: histogram(usage),
        },
      ]),
    ),
    bucketsSizes: Object.fromEntries([...each].map(([name, { bytes }]) => [name, bytes])),
    capacity: disk.blocks * disk.bsize,
    freeCapacity: disk.bavail * disk.bsize,
    usedCapacity: (disk.blocks - disk.bfree) * disk.bsize,
  };
}

async function accountInfo({ server, callerName }: AdminRequest): Promise<object> {
  const { each } = await countAll(server);
  return {
    AccountName: callerName,
    Server: { Type: 'Erasure' },
    Policy: null,
    Buckets: server.store.buckets.all().map(({ name, created }) => ({
      name,
      size: each.get(name)!.bytes,
      objects: each.get(name)!.objects,
      created: new Date(created).toISOString(),
      access: { read: true, write: true },
    })),
  };
}

/** Settings as lines of MinIO's: all come from the environment, so none can be set here. */
function settings({ config, notifier }: Server): Readonly<Record<string, string>> {
  return {
    api: `cors_allow_origin=${config.corsOrigins.join(',')}`,
    region: `name=${config.region ?? ''}`,
    site: `name= region=${config.region ?? ''}`,
    scanner: 'speed=default',
    notify_webhook: notifier.settings,
  };
}

function getConfig(call: AdminRequest): Buffer {
  const all = settings(call.server);
  const [system = ''] = need(call, 'key').split(/[: ]/);
  const line = all[system];
  if (line === undefined)
    throw new S3Error(
      'InvalidArgument',
      `No such setting here: ${system}. There are ${Object.keys(all).join(', ')}.`,
    );
  return Buffer.from(`${system} ${line}\n`);
}

const fromEnvironment = (): never => {
  throw new S3Error(
    'XMinioAdminConfigEnvOverridden',
    'Settings come from the environment: set MINIO_… and restart.',
  );
};

/** Why a call of MinIO's has nothing to answer with. */
const absent: readonly (readonly [AdminCall['method'], path: string, why: string])[] = [
  ['POST', 'service', 'Whoever started this server stops and restarts it: peakstone restart storage.'],
  ['POST', 'update', 'PeakStone is updated by its package.'],
  [
    'POST',
    'heal/',
    'There is one drive, so no other copy to heal from. peakstone storage verify DIR reads and checks everything.',
  ],
  ['POST', 'background-heal/status', 'There is one drive, so nothing to heal from.'],
  ['GET', 'trace', 'Requests are in the server’s log.'],
  ['GET', 'log', 'The log is on the server’s standard error: peakstone logs storage.'],
  ['POST', 'speedtest/', 'npm run bench -- storage/s3 measures.'],
  ['GET', 'top/locks', 'No locks are held between requests.'],
  ['GET', 'pools/list', 'There is one drive: an external S3 is what scales out.'],
  ['GET', 'site-replication/info', 'There is no replication: an external S3 is what scales out.'],
  ['GET', 'tier', 'There are no tiers.'],
  ['GET', 'list-remote-targets', 'There is no replication.'],
];

export const serverCalls: readonly AdminCall[] = [
  { method: 'GET', path: 'info', action: 'admin:ServerInfo', run: info },
  { method: 'GET', path: 'datausageinfo', action: 'admin:DataUsageInfo', run: dataUsage },
  {
    method: 'GET',
    path: 'accountinfo',
    action: () => ({ action: 'admin:ServerInfo', isOwn: true }),
    run: accountInfo,
  },
  { method: 'GET', path: 'get-config-kv', action: 'admin:ConfigUpdate', sealed: 'answer', run: getConfig },
  {
    method: 'GET',
    path: 'config',
    action: 'admin:ConfigUpdate',
    sealed: 'answer',
    run: ({ server }) =>
      Buffer.from(
        Object.entries(settings(server))
          .map(([name, line]) => `${name} ${line}\n`)
          .join(''),
      ),
  },
  {
    method: 'GET',
    path: 'help-config-kv',
    action: 'admin:ConfigUpdate',
    run: ({ server }) => ({
      subSys: '',
      description: 'settings, all of them from the environment',
      multipleTargets: false,
      keysHelp: Object.keys(settings(server)).map(key => ({
        key,
        description: key,
        optional: true,
        type: 'string',
        multipleTargets: false,
      })),
    }),
  },
  { method: 'PUT', path: 'set-config-kv', action: 'admin:ConfigUpdate', run: fromEnvironment },
  { method: 'DELETE', path: 'del-config-kv', action: 'admin:ConfigUpdate', run: fromEnvironment },
  { method: 'PUT', path: 'config', action: 'admin:ConfigUpdate', run: fromEnvironment },
  ...absent.map(
    ([method, path, why]): AdminCall => ({
      method,
      path,
      action: 'admin:ServerInfo',
      run: () => {
        throw new S3Error('NotImplemented', why);
      },
    }),
  ),
];
