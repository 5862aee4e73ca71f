/**
 * The service: starts from the reference's own settings, answers in process through `handler`, and listens where the
 * settings say. The one impure edge of the package.
 */
import { existsSync } from 'node:fs';
import type { Handler, HttpServer, Listener, ServeOptions } from '@peakstone/kernel/http';
import { LogSink } from '@peakstone/kernel/log';
import type { Env, Health, HttpService, Service } from '@peakstone/kernel/service';
import { readConfig } from './config/read.ts';
import { parseSettings } from './config/settings.ts';
import type { RestConfig } from './config/types.ts';
import type { Emit } from './events.ts';
import { createLog } from './log.ts';
import { createRestMetrics, type RestMetrics } from './metrics.ts';
import { showAddress } from './service/address.ts';
import { assertConnectable } from './service/connection.ts';
import { RestRuntime } from './service/runtime.ts';
import { loadServing, type Serving } from './service/serving.ts';
import { prettyVersion } from './version.ts';

export interface RestServiceConfig {
  /** Configuration file in the reference's syntax; absent, the environment alone. */
  readonly path?: string | undefined;
  /** `PGRST_*` and the `PG*` variables. */
  readonly env: Env;
  /** False: no listener of its own, only `handler`. Default true. */
  readonly listens?: boolean;
}

export interface RestDeps {
  /** Where log lines go. Default: standard output (access) and standard error. */
  readonly out?: (text: string) => void;
  readonly err?: (text: string) => void;
  /** Subscribes to everything that happens, besides log and metrics. */
  readonly onEvent?: Emit;
  /** A port that is bound already, in place of the settings' address. */
  readonly listener?: Listener | undefined;
  /** Told once of what waiting would not mend: wrong password, unsupported server. Default: health says so. */
  readonly onFatal?: (error: unknown) => void;
}

/** A started REST service. */
export interface RestService extends HttpService {
  readonly config: RestConfig;
  /** Where it listens, as shown in the log; null without a listener of its own. */
  readonly address: string | null;
  /** TCP port; 0 on a unix socket and without a listener. */
  readonly port: number;
  readonly admin: { readonly handler: Handler; readonly address: string | null; readonly port: number };
  /** As SIGUSR1. */
  reloadCatalog(): void;
  /** The same, but without waiting for a burst of changes to end; settles when the API serves what the database holds now, or could not read it. */
  refreshCatalog(): Promise<void>;
  /** As SIGUSR2. */
  reloadConfig(): Promise<void>;
  /** Prometheus text. */
  metrics(): string;
  /** Tells log and metrics of what only the process knows, such as a signal. */
  readonly emit: Emit;
}

/** Bodies and header blocks as large as real clients send: bulk inserts and filters with thousands of ids. */
const limits: ServeOptions = { maxBodyBytes: 256 * 1024 * 1024, maxHeaderBytes: 128 * 1024 };
const drainMs = 30_000;

/** The REST API as a service of the stack. */
export const restService = {
  name: 'rest',
  /** Checks the environment's settings; files are read at the start. */
  config(env: Env): RestServiceConfig {
    parseSettings({ file: new Map(), env, database: new Map() });
    return { env };
  },
  start,
} satisfies Service<RestServiceConfig, RestDeps>;

/**
 * Starts. The handler answers at once (PGRST002 until the catalog is loaded); the promise settles when the first attempt
 * to load it is over and the listeners, if any, are open.
 * @throws {ConfigError} and listen errors; what was taken until then is released.
 */
async function start(options: RestServiceConfig, deps: RestDeps, signal: AbortSignal): Promise<RestService> {
  const initial = await readConfig({ path: options.path, env: options.env });
  assertConnectable(initial);
  const service = new RunningRest(options, deps, initial);
  const abort = (): void => void service.stop();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await service.open();
    signal.throwIfAborted();
    return service;
  } catch (error) {
    await service.stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

class RunningRest implements RestService {
  // Set by `open`, before anybody else has the service.
  #handler!: Handler;
  #adminHandler!: Handler;
  #serving!: Serving;
  readonly emit: Emit;
  readonly #runtime: RestRuntime;
  readonly #listens: boolean;
  readonly #listener: Listener | undefined;
  readonly #metrics: RestMetrics;
  #server: HttpServer | null = null;
  #adminServer: HttpServer | null = null;
  #stopping: Promise<void> | null = null;
  #failure: unknown = null;

  constructor(options: RestServiceConfig, deps: RestDeps, initial: RestConfig) {
    this.#metrics = createRestMetrics(
      () => this.#runtime.pool.stats,
      () => this.#runtime.config.dbPool,
    );
    // The runtime tells of its own start before it is here to be asked.
    let level = (): RestConfig['logLevel'] => initial.logLevel;
    this.emit = tellAll([
      createLog({
        level: () => level(),
        out: deps.out ?? batchedOutput(),
        err: deps.err ?? (text => void process.stderr.write(text)),
      }),
      this.#metrics.observe,
      ...(deps.onEvent ? [deps.onEvent] : []),
    ]);
    this.emit({ kind: 'starting', version: prettyVersion });
    this.#listens = options.listens ?? true;
    this.#listener = deps.listener;
    this.#runtime = new RestRuntime({
      path: options.path,
      env: options.env,
      config: initial,
      emit: this.emit,
      onFatal: error => {
        this.#failure = error;
        deps.onFatal?.(error);
      },
    });
    level = () => this.#runtime.config.logLevel;
  }

  /** Opens the listeners: the admin's at once, so that it can tell how the start goes; the main one when there is something to serve. */
  async open(): Promise<void> {
    this.#serving = await loadServing();
    if (this.#stopping) return;
    this.#handler = this.#serving.createRestHandler(() => this.#runtime);
    this.#adminHandler = this.#serving.createAdmin({
      config: () => this.#runtime.config,
      catalog: () => this.#runtime.catalog,
      metrics: () => this.metrics(),
      isLive: () => this.#isLive(),
      isLoaded: () => this.#runtime.isLoaded(),
    });
    const { config } = this.#runtime;
    if (this.#listens) this.#adminServer = await this.#openAdmin(config);
    await this.#runtime.readyToListen;
    if (!this.#listens || this.#stopping) return;
    const server = await this.#serving.openServer(
      this.#handler,
      {
        host: config.serverHost,
        port: config.serverPort,
        socketPath: config.serverUnixSocket,
        socketMode: config.serverUnixSocketMode,
        reusePort: config.serverReuseport,
      },
      // As the reference's server, which reads `GET films` as `GET /films`.
      {
        ...limits,
        listener: this.#listener,
        rootlessTargets: true,
        onError: error => this.emit({ kind: 'serverFault', error }),
      },
    );
    this.#server = server;
    this.emit({ kind: 'listening', server: 'API', address: showAddress(server.address) });
    // A stop that came while the port was being opened has found nothing to close.
    if (this.#stopping) await server.close(0);
  }

  async #openAdmin(config: RestConfig): Promise<HttpServer | null> {
    if (config.adminServerPort === null && config.adminServerUnixSocket === null) return null;
    const server = await this.#serving.openServer(
      this.#adminHandler,
      {
        host: config.adminServerHost,
        port: config.adminServerPort ?? 0,
        socketPath: config.adminServerUnixSocket,
        socketMode: config.adminServerUnixSocketMode,
        reusePort: false,
      },
      { onError: error => this.emit({ kind: 'serverFault', error }) },
    );
    this.emit({ kind: 'listening', server: 'Admin', address: showAddress(server.address) });
    return server;
  }

  get handler(): Handler {
    return this.#handler;
  }

  get config(): RestConfig {
    return this.#runtime.config;
  }

  get address(): string | null {
    return this.#server && showAddress(this.#server.address);
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get admin(): RestService['admin'] {
    const server = this.#adminServer;
    return {
      handler: this.#adminHandler,
      address: server && showAddress(server.address),
      port: server?.port ?? 0,
    };
  }

  reloadCatalog(): void {
    this.#runtime.reloadCatalog();
  }

  refreshCatalog(): Promise<void> {
    return this.#runtime.refreshCatalog();
  }

  reloadConfig(): Promise<void> {
    return this.#runtime.reloadConfig();
  }

  metrics(): string {
    return this.#metrics.expose();
  }

  async health(): Promise<Health> {
    if (this.#failure !== null) return { ok: false, reason: (this.#failure as Error).message };
    if (!this.#isLive()) return { ok: false, reason: 'The API server does not listen' };
    return (await Promise.race([this.#runtime.refusal(), slowness()])) ?? { ok: true };
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all([this.#server?.close(drainMs), this.#adminServer?.close(1000)]);
    await this.#runtime.stop();
  }

  /** A unix socket whose file is gone takes no more requests, though nobody has closed it. */
  #isLive(): boolean {
    if (this.#stopping) return false;
    if (!this.#listens) return true;
    const address = this.#server?.address;
    return address !== undefined && (typeof address !== 'string' || existsSync(address));
  }
}

function tellAll(subscribers: readonly Emit[]): Emit {
  return event => {
    for (const subscriber of subscribers) subscriber(event);
  };
}

/** The access log's way out: one system call a turn of the event loop, and lines are dropped for a reader that is too slow. */
function batchedOutput(): (text: string) => void {
  const sink = new LogSink(
    process.stdout,
    count => `${count} lines were dropped: their reader is too slow\n`,
  );
  return text => sink.write(text);
}

/** Health must be known within a second. Requests that wait long are answered: nothing is known against them. */
function slowness(): Promise<null> {
  return new Promise(resolve => {
    setTimeout(() => resolve(null), 900).unref();
  });
}
