/** The service: settings, sources, engine, listeners. The one impure edge of the package. */
import type { Handler, HttpServer, Listener, ServeOptions } from '@peakstone/kernel/http';
import { serveHttp } from '@peakstone/kernel/http';
import type { Env, Health, HttpService, Service } from '@peakstone/kernel/service';
import { openCache } from './cache/pictureCache.ts';
import type { ImageSetting } from './config/sources.ts';
import { type ImagesConfig, readImagesConfig } from './config.ts';
import { detectFormat } from './detect.ts';
import { createEdge } from './edge.ts';
import type { Picture } from './engine/types.ts';
import { findLibrary } from './engine/vips/locate.ts';
import { ImagesError } from './errors.ts';
import type { Emit, Event } from './events.ts';
import { Engine } from './host/engine.ts';
import { Budget } from './memory/budget.ts';
import { BufferPool } from './memory/bufferPool.ts';
import { createImagesMetrics } from './metrics.ts';
import { Queue } from './queue.ts';
import { download } from './source/download.ts';
import { handlerSource, type ObjectStore } from './source/handler.ts';
import { createHttpSource, type HttpSource, type Lookup } from './source/http.ts';
import { readSource } from './source/index.ts';
import { createLocalSource } from './source/local.ts';
import { createS3Source, readStoreUrls } from './source/s3.ts';
import { parseSourceUrl } from './source/sourceUrl.ts';
import type { SourceReader } from './source/types.ts';

export interface ImagesDeps {
  /** Subscribes to everything that happens. */
  readonly onEvent?: Emit;
  /** The object store, where it answers in this process: what goes to its origin goes over no network. */
  readonly objectStore?: ObjectStore;
  /** A port that is bound already, in place of the settings' address. */
  readonly listener?: Listener | undefined;
  /** Only `handler`, no listener of its own. */
  readonly listens?: boolean;
  /** In place of the system's. */
  readonly lookup?: Lookup;
}

/** A started service of pictures. */
export interface ImagesService extends HttpService {
  /** Where it listens; null without a listener. */
  readonly address: string | null;
  /** 0 without a listener, and on a unix socket. */
  readonly port: number;
  readonly metrics: Handler;
  /** Of the process that draws; undefined while there is none. */
  pid(): number | undefined;
}

const megabyte = 1024 * 1024;
/**
 * All together stays below a gigabyte, with what the two processes are themselves and garbage that V8 has not collected yet.
 * `pictures` is estimated before anything is unpacked; past `engine` its process is ended, should an estimate be wrong;
 * `waiting` is of small answers that clients do not read.
 */
const memoryLimits = {
  pictures: 640 * megabyte,
  engine: 720 * megabyte,
  waiting: 48 * megabyte,
  pool: 32 * megabyte,
};
const engineIdleMs = 5 * 60_000;

/** Pictures as a service of the stack. */
export const images = {
  name: 'images',
  config: (env: Env): ImagesConfig => readImagesConfig(env),
  start,
} satisfies Service<ImagesConfig, ImagesDeps>;

async function start(config: ImagesConfig, deps: ImagesDeps, signal: AbortSignal): Promise<ImagesService> {
  signal.throwIfAborted();
  const sources = createSources(config, deps);
  const queue = new Queue(config.server.workers, config.server.queueSize);
  let listeners: readonly ((event: Event) => void)[] = deps.onEvent === undefined ? [] : [deps.onEvent];
  const emit: Emit = event => {
    for (const listener of listeners) listener(event);
  };
  const budget = new Budget(memoryLimits.pictures);
  const pool = new BufferPool(memoryLimits.pool);
  const [watermark, fallback] = await Promise.all([
    loadSetting('IMGPROXY_WATERMARK', config.watermark, sources.read, config),
    loadSetting('IMGPROXY_FALLBACK_IMAGE', config.fallback, sources.read, config),
  ]);
  const engine = new Engine({
    config: config.engine,
    watermark,
    threads: config.server.workers,
    maxMemoryBytes: memoryLimits.engine,
    trimIntervalMs: config.server.memoryIntervalMs,
    idleMs: engineIdleMs,
    onCrash: reason => emit({ kind: 'engineCrash', reason }),
  });
  const metrics = createImagesMetrics(config.server.metricsNamespace, {
    workers: config.server.workers,
    working: () => queue.working,
    memory: () => engine.memory,
  });
  listeners = [...listeners, metrics.observe];
  const cache = await openCache(config, watermark);
  const handler = createEdge({
    config,
    engine,
    queue,
    budget,
    pool,
    readSource: sources.read,
    fallback,
    cache,
    emit,
  });
  for (const message of config.warnings) emit({ kind: 'warning', message });

  const health = drawingHealth();
  const servers: HttpServer[] = [];
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    stopping ??= Promise.all(servers.map(server => server.close(config.server.stopTimeoutMs)))
      .then(() => engine.stop())
      .finally(() => sources.close());
    return stopping;
  };
  try {
    if (deps.listens !== false) servers.push(await serveHttp(handler, serveOptions(config, deps.listener)));
    const { metricsBind } = config.server;
    if (metricsBind !== null) servers.push(await serveHttp(metrics.handler, metricsBind));
    signal.throwIfAborted();
  } catch (error) {
    await stop();
    throw error;
  }
  const [main] = deps.listens === false ? [] : servers;
  return {
    handler,
    address: main?.url ?? null,
    port: main?.port ?? 0,
    metrics: metrics.handler,
    pid: () => engine.pid,
    health: async () => (stopping === null ? health : { ok: false, reason: 'stopping' }),
    stop,
  };
}

/** Whether there is something to draw with: starting again would bring nothing else. */
function drawingHealth(): Health {
  try {
    findLibrary();
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: (error as Error).message, elsewhere: true };
  }
}

function serveOptions({ server }: ImagesConfig, listener: Listener | undefined): ServeOptions {
  const place = listener === undefined ? server.bind : { listener };
  return {
    ...place,
    reusePort: server.reusePort,
    // Nothing that is sent here has a body.
    maxBodyBytes: 64 * 1024,
    // Presigned sources inside of URLs.
    maxHeaderBytes: 64 * 1024,
    maxWaitingBytes: memoryLimits.waiting,
    headersTimeoutMs: server.readTimeoutMs,
    idleTimeoutMs: Math.max(1000, server.keepAliveMs),
    ...(server.maxClients > 0 && { maxConnections: server.maxClients }),
  };
}

interface Sources {
  readonly read: SourceReader;
  close(): void;
}

function createSources({ sources }: ImagesConfig, { objectStore, lookup }: ImagesDeps): Sources {
  const web = createHttpSource(sources, lookup);
  // The operator has named the store's server: it may be anywhere.
  const anywhere = { allowLoopback: true, allowLinkLocal: true, allowPrivate: true };
  const named = createHttpSource({ ...sources, ...anywhere });
  const { localRoot, s3 } = sources;
  const store = objectStore === undefined ? named.read : handlerSource(objectStore);
  const objects = s3 === null ? null : createS3Source(s3, store);
  const local = localRoot === null ? null : createLocalSource(localRoot);
  const known =
    objects === null || s3 === null ? web.read : readStoreUrls(web.read, objects, store, s3.origins);
  const open: readonly HttpSource[] = [web, named];
  return {
    read: readSource({
      web: known,
      objects: new Map([
        ['local', local],
        ['s3', objects],
      ]),
    }),
    close() {
      for (const source of open) source.close();
    },
  };
}

/** A picture of the settings. @throws {ImagesError} it cannot be had, or is none */
async function loadSetting(
  name: string,
  setting: ImageSetting,
  read: SourceReader,
  { options: { querySeparator } }: ImagesConfig,
): Promise<Picture | null> {
  if (setting.kind === 'none') return null;
  if (setting.kind === 'data') {
    const format = detectFormat(setting.data, '', '');
    if (format === undefined) throw new ImagesError('sourceType', `${name} is no picture.`);
    return { format, data: setting.data };
  }
  const signal = AbortSignal.timeout(30_000);
  const response = await read({ source: parseSourceUrl(setting.url, querySeparator), headers: {}, signal });
  // It is held for as long as the service runs: its memory is nobody's budget.
  using lease = new Budget(memoryLimits.pictures).lease();
  const { picture } = await download(response, { maxBytes: 0, pool: new BufferPool(0), lease, signal });
  return picture;
}
