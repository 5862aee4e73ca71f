/** The service: opens the folder, answers through `handler`, and listens. The one impure edge of the package. */

import { readPort, readString } from '@peakstone/kernel/config';
import {
  type Handler,
  type HttpServer,
  type Listener,
  type ServeOptions,
  serveHttp,
} from '@peakstone/kernel/http';
import type { Env, Health, HttpService, Service } from '@peakstone/kernel/service';
import { announceFrom } from './announce.ts';
import { bootstrapTenants } from './bootstrap/bootstrap.ts';
import { readTenants, type Tenant } from './bootstrap/settings.ts';
import { readStorageConfig, type StorageConfig } from './config.ts';
import { createHandler } from './edge/handler.ts';
import type { Emit } from './events.ts';
import { Iam } from './iam/iam.ts';
import { startScanner } from './lifecycle/scanner.ts';
import { ownDoing } from './notify/event.ts';
import { Notifier } from './notify/notifier.ts';
import type { Server } from './server.ts';
import { openStore, type Store } from './store/store.ts';
import { readSupabaseConfig, type SupabaseConfig } from './supabase/config.ts';
import type { Render } from './supabase/imageService.ts';
import { basePath, openSupabase } from './supabase/supabase.ts';
import { Traffic } from './traffic.ts';
import { bucketOfHost } from './wire/target.ts';

export interface StorageServiceConfig {
  readonly settings: StorageConfig;
  /** Where objects are. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** Buckets and users that are made where they are missing. */
  readonly tenants?: readonly Tenant[];
  /** Absent: S3 alone. */
  readonly supabase?: SupabaseConfig | undefined;
}

export interface StorageDeps {
  readonly emit: Emit;
  /** A port that is bound already, in place of host and port. */
  readonly listener?: Listener | undefined;
  /** Where pictures are made. */
  readonly render?: Render | undefined;
}

export interface StorageService extends HttpService {
  /** Where it listens. */
  readonly address: string;
  readonly iam: Iam;
}

const limits: ServeOptions = {
  maxBodyBytes: 6 * 1024 ** 4,
  maxHeaderBytes: 64 * 1024,
  // Uploads take as long as their bytes do; one that stands still is ended by the idle time.
  requestTimeoutMs: 7 * 24 * 3_600_000,
  unknownExpectations: 'ignore',
};
const drainMs = 30_000;
/** Lifecycle rules are looked at every hour of a day. */
const scanShare = 1 / 24;

export const storageService = {
  name: 'storage',
  /** MinIO's settings, the stack's buckets and users, and PEAKSTONE_STORAGE_DIR, _HOST and _PORT. */
  config(env: Env): StorageServiceConfig {
    return {
      settings: readStorageConfig(env),
      folder: readString(env, 'PEAKSTONE_STORAGE_DIR', { default: '/data' }),
      host: readString(env, 'PEAKSTONE_STORAGE_HOST', { default: '127.0.0.1' }),
      port: readPort(env, 'PEAKSTONE_STORAGE_PORT', { default: 9000 }),
      tenants: readTenants(env),
      supabase: readSupabaseConfig(env),
    };
  },
  start,
} satisfies Service<StorageServiceConfig, StorageDeps>;

async function start(
  config: StorageServiceConfig,
  { emit, listener, render }: StorageDeps,
  signal: AbortSignal,
): Promise<StorageService> {
  signal.throwIfAborted();
  const store = await openStore(config.folder, error => emit({ kind: 'backgroundFailed', error }));
  try {
    const iam = new Iam(store.index, config.settings.root);
    for (const text of await bootstrapTenants(store, iam, config.tenants ?? []))
      emit({ kind: 'bootstrapped', text });
    const { region, webhooks } = config.settings;
    const notifier = new Notifier(store.index, store.sequence, webhooks, region, emit);
    const supabase =
      config.supabase &&
      openSupabase(config.supabase, { store, emit, notifier, config: config.settings }, render);
    const server: Server = {
      config: config.settings,
      store,
      iam,
      notifier,
      traffic: new Traffic(),
      emit,
      records: supabase?.records,
    };
    const s3 = createHandler(server);
    const handler = supabase === undefined ? s3 : besideS3(s3, supabase.serve(server), server);
    const http = await serveHttp(handler, {
      ...limits,
      host: config.host,
      port: config.port,
      listener,
      onError: (error, request) => emit({ kind: 'failed', requestId: '-', request, error }),
    });
    emit({ kind: 'listening', address: http.url, folder: config.folder });
    const { lifecycleDayMs } = config.settings;
    notifier.start();
    let leap: string | undefined;
    const stopScanner = startScanner(store, {
      dayMs: lifecycleDayMs,
      everyMs: Math.max(100, Math.floor(lifecycleDayMs * scanShare)),
      announce: (bucket, key, name) => announceFrom(server, ownDoing, bucket, key, name),
      onClock: text => {
        if (text !== undefined && leap !== text) emit({ kind: 'clockLeapt', text });
        leap = text;
      },
      onFailure: error => emit({ kind: 'backgroundFailed', error }),
    });
    const stopBackground = async (): Promise<void> => {
      await Promise.all([stopScanner(), notifier.stop(), supabase?.close()]);
    };
    const running = new RunningStorage(store, iam, handler, http, {
      ailment: () => leap,
      stop: stopBackground,
    });
    if (signal.aborted) {
      await running.stop();
      signal.throwIfAborted();
    }
    return running;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** What runs without a request. */
interface Background {
  /** What an operator should look at. */
  ailment(): string | undefined;
  stop(): Promise<void>;
}

/** No bucket has so short a name; below a bucket's own host every path is a key. */
function besideS3(s3: Handler, api: Handler, { config }: Server): Handler {
  return request => {
    const isApi = request.path.startsWith(`${basePath}/`) || request.path === basePath;
    return isApi && bucketOfHost(request.headers.host, config.domains) === undefined
      ? api(request)
      : s3(request);
  };
}

class RunningStorage implements StorageService {
  readonly iam: Iam;
  readonly handler: Handler;
  readonly #store: Store;
  readonly #http: HttpServer;
  readonly #background: Background;
  #stopping: Promise<void> | null = null;

  constructor(store: Store, iam: Iam, handler: Handler, http: HttpServer, background: Background) {
    this.#store = store;
    this.iam = iam;
    this.handler = handler;
    this.#http = http;
    this.#background = background;
  }

  get address(): string {
    return this.#http.url;
  }

  async health(): Promise<Health> {
    const { failure } = this.#store.index;
    const reason =
      failure === null ? this.#background.ailment() : `Nothing can be written: ${(failure as Error).message}`;
    // The disk's affair, or the clock's: no restart would mend it.
    return reason === undefined ? { ok: true } : { ok: false, reason, elsewhere: true };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#http
      .close(drainMs)
      .then(() => this.#background.stop())
      .then(() => this.#store.close());
    return this.#stopping;
  }
}
