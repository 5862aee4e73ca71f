/**
 * The service: starts from the reference's own settings, answers in process through `handler`, and listens where the
 * settings say. The one impure edge of the package.
 */

import {
  type Handler,
  type HttpServer,
  type Listener,
  serveHttp,
  type UpgradeListener,
} from '@peakstone/kernel/http';
import { LogSink } from '@peakstone/kernel/log';
import { PgError, type Pool } from '@peakstone/kernel/pg';
import type { Env, Health, HttpService, Service } from '@peakstone/kernel/service';
import { type AsyncWorker, startAsyncWorker } from './actions/asyncWorker.ts';
import { createJwtVerify } from './auth/jwt.ts';
import { accessDenied, createAuthenticate, type Verify } from './auth/session.ts';
import { adminRole } from './auth/types.ts';
import { createWebhookVerify } from './auth/webhook.ts';
import { sharedLoginNotice, sharesLogin } from './config/requestLogin.ts';
import { parseConfig } from './config/settings.ts';
import type { GraphqlConfig } from './config/types.ts';
import { emptyMetadata, type Metadata } from './definition/metadata.ts';
import { cachedEngine } from './engine/cached.ts';
import { limitedEngine } from './engine/limited.ts';
import { createSnapshot, type Snapshot, type ViewOf } from './engine/snapshot.ts';
import { createEngine, type Engine } from './engine.ts';
import { Events } from './events/events.ts';
import { installTriggers } from './events/install.ts';
import { createHandler, type HandlerOptions } from './http/handler.ts';
import { httpLogLine } from './http/log.ts';
import { MetadataState } from './metadata/state.ts';
import { openStore } from './metadata/store/open.ts';
import type { MetadataStore } from './metadata/store/types.ts';
import { type Watch, watchMetadata } from './metadata/watch.ts';
import { measuredEngine } from './metrics/measured.ts';
import { Registry } from './metrics/registry.ts';
import { createRoleView } from './model/permissions.ts';
import { createPrivilegeView, readAllPrivileges } from './model/privileges.ts';
import { introspectAll } from './remote/request.ts';
import { type Scheduler, startScheduler } from './scheduled/scheduler.ts';
import { type Follow, followDatabases } from './service/follow.ts';
import { createSources, type Sources } from './service/sources.ts';
import { closing } from './subscriptions/protocol.ts';
import { createPlanning } from './subscriptions/rounds.ts';
import { createSocketServer, type SocketServer } from './subscriptions/server.ts';
import { Subscriptions } from './subscriptions/subscriptions.ts';

export interface GraphqlServiceConfig {
  readonly config: GraphqlConfig;
  /** False: no listener of its own, only `handler`. Default true. */
  readonly listens?: boolean;
}

export interface GraphqlDeps {
  /** Where log lines go. Default: standard output. */
  readonly out?: (text: string) => void;
  /** A port that is bound already, in place of the settings' address. */
  readonly listener?: Listener | undefined;
}

/** A started GraphQL service. */
export interface GraphqlService extends HttpService {
  /** Where it listens; empty without a listener. */
  readonly url: string;
  /** TCP port; 0 without a listener. */
  readonly port: number;
  /** Takes WebSocket handshakes. */
  readonly onUpgrade: UpgradeListener;
  /** Takes no more WebSockets, and closes those that are open so that their clients come again elsewhere. */
  drain(): Promise<void>;
  /** Reads the databases again, and settles when what they hold now is served. */
  refresh(): Promise<void>;
}

/** The GraphQL API as a service of the stack. */
export const graphqlService = {
  name: 'graphql',
  config(env: Env): GraphqlServiceConfig {
    return { config: parseConfig(env) };
  },
  start,
} satisfies Service<GraphqlServiceConfig, GraphqlDeps>;

const drainMs = 30_000;

/** @throws {ConfigError} and listen errors; what was taken until then is released. */
async function start(
  { config, listens = true }: GraphqlServiceConfig,
  deps: GraphqlDeps,
  signal: AbortSignal,
): Promise<GraphqlService> {
  const store = await openStore(config, line => deps.out?.(`${line}\n`));
  if (store.pool && sharesLogin(config)) deps.out?.(`${sharedLoginNotice}\n`);
  const service = new RunningGraphql(config, deps, store);
  const abort = (): void => void service.stop();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await service.open(listens);
    signal.throwIfAborted();
    return service;
  } catch (error) {
    await service.stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** As the settings ask for it, in one write a turn of the event loop. */
function requestLog(
  { logTypes, logLevel }: GraphqlConfig,
  out: GraphqlDeps['out'],
): Pick<HandlerOptions, 'onAnswered'> {
  if (out === undefined || !logTypes.has('http-log')) return {};
  const isQuiet = logLevel === 'warn' || logLevel === 'error';
  const sink = new LogSink({ write: out }, () => '');
  return {
    onAnswered: (request, response, told, durationMs) => {
      if (isQuiet && told.error === null) return;
      sink.write(`${httpLogLine(request, response, told, durationMs, new Date())}\n`);
    },
  };
}

class RunningGraphql implements GraphqlService {
  readonly handler: Handler;
  readonly onUpgrade: UpgradeListener;
  readonly #config: GraphqlConfig;
  readonly #deps: GraphqlDeps;
  readonly #sources: Sources;
  readonly #viewOf: ViewOf;
  readonly #metadata: MetadataState;
  readonly #subscriptions: Subscriptions;
  readonly #sockets: SocketServer;
  readonly #store: MetadataStore;
  readonly #events: Events;
  #scheduler: Scheduler | null = null;
  #asyncActions: AsyncWorker | null = null;
  readonly #onFault: (error: unknown) => void;
  #watch: Watch | null = null;
  #followed: { readonly urls: readonly string[]; readonly listener: Follow } | null = null;
  #snapshot: Snapshot;
  #server: HttpServer | null = null;
  #stopping: Promise<void> | null = null;

  constructor(config: GraphqlConfig, deps: GraphqlDeps, store: MetadataStore) {
    this.#config = config;
    this.#deps = deps;
    this.#store = store;
    this.#sources = createSources(config);
    const database = (source: string) => this.#sources.database(source);
    const pool = (source: string) => database(source).pool;
    const viewOf = createViewOf(config, pool);
    this.#viewOf = viewOf;
    this.#metadata = new MetadataState({
      defaultNamingConvention: config.defaultNamingConvention,
      tracksAll: config.authorization === 'rls',
      schemas: config.schemas,
      store,
      readCatalogs: (metadata, only) => this.#sources.read(metadata, only),
      readRemotes: (metadata, only) => introspectAll(metadata, only, config),
      apply: (before, after) =>
        installTriggers(before, after, { stringifyNumericTypes: config.stringifyNumericTypes, pool }),
      onChange: (model, version) => {
        const isMetadata = version !== this.#snapshot.version;
        this.#snapshot = createSnapshot(model, version, config, viewOf);
        if (isMetadata && config.websocket.closeOnMetadataChange)
          this.#sockets.closeAll(closing.metadataChanged());
        else void this.#subscriptions.replan();
        this.#sources.prune(model.metadata);
        if (this.#followed && String(this.#followed.urls) !== String(this.#sources.urls())) this.#follow();
        this.#events.update();
        this.#scheduler?.wake();
      },
    });
    this.#snapshot = createSnapshot(this.#metadata.model, 0, config, viewOf);
    const metrics = new Registry();
    const engine = [
      (inner: Engine) => cachedEngine(inner, () => ({ config, version: this.#snapshot })),
      (inner: Engine) => limitedEngine(inner, () => ({ config, metadata: this.#metadata.model.metadata })),
      (inner: Engine) => measuredEngine(inner, metrics),
    ].reduce(
      (inner, wrap) => wrap(inner),
      createEngine(() => ({
        config,
        snapshot: this.#snapshot,
        database,
        metadataPool: store.pool,
        onAsyncCall: () => this.#asyncActions?.wake(),
      })),
    );
    metrics.gauge('hasura_active_subscriptions', 'Live queries and streams', () => this.#subscriptions.size);
    metrics.gauge(
      'hasura_metadata_resource_version',
      'Version of the metadata',
      () => this.#metadata.version,
    );
    metrics.gauge('process_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
    const authenticate = createAuthenticate(config, createVerify(config));
    const onFault = (error: unknown): void =>
      deps.out?.(
        `${JSON.stringify({ type: 'unhandled-internal-errors', level: 'error', detail: String((error as Error).stack) })}\n`,
      );
    this.#subscriptions = new Subscriptions({ config, engine, database, onFault });
    this.#onFault = onFault;
    this.#events = new Events({ config, model: () => this.#metadata.model, pool, onFault });
    const { maxSockets, maxFrameBytes, ...limits } = config.websocket;
    this.#sockets = createSocketServer({
      config,
      engine,
      authenticate,
      subscriptions: this.#subscriptions,
      planning: createPlanning(),
      limits,
      maxSockets,
      maxFrameBytes,
      onFault,
    });
    this.onUpgrade = this.#sockets.onUpgrade;
    const context = {
      config,
      engine,
      authenticate,
      metadata: this.#metadata,
      store,
      database,
      health: (strict: boolean) => this.#healthz(strict),
      metrics,
      inspection: {
        plans: () => this.#snapshot.memo.size(),
        schema: async () => (await this.#snapshot.role(adminRole, true, 'standard')).schema,
        subscriptions: (isWhole: boolean) => this.#subscriptions.describe(isWhole),
      },
    };
    this.handler = createHandler(() => context, { onFault, ...requestLog(config, deps.out) });
  }

  async open(listens: boolean): Promise<void> {
    await this.#metadata.load(initialMetadata(this.#config));
    await this.#installTriggers();
    if (this.#store.pool && !this.#stopping) this.#startWorkers(this.#store.pool);
    this.#watch = watchMetadata(this.#metadata, this.#config.schemaSyncPollMs, error =>
      this.#deps.out?.(`The metadata could not be looked at: ${error.message}\n`),
    );
    this.#follow();
    if (!listens || this.#stopping) return;
    const { host, port, limits } = this.#config;
    const server = await serveHttp(this.handler, {
      host,
      port,
      listener: this.#deps.listener,
      maxBodyBytes: limits.maxBodyBytes,
      onUpgrade: this.onUpgrade,
      onError: error => this.#deps.out?.(`${(error as Error).message}\n`),
    });
    this.#server = server;
    if (this.#stopping) await server.close(0);
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Where the database decides what is there, it says when that changes; elsewhere the metadata does. */
  #follow(): void {
    if (this.#config.authorization !== 'rls' || this.#stopping) return;
    const urls = this.#sources.urls();
    this.#followed?.listener.stop().catch(this.#onFault);
    this.#followed = {
      urls,
      listener: followDatabases({
        urls,
        refresh: () => this.refresh(),
        onPrivileges: () => {
          const { model, version } = this.#metadata;
          this.#snapshot = createSnapshot(model, version, this.#config, this.#viewOf);
          void this.#subscriptions.replan();
        },
        onProblem: error => this.#deps.out?.(`Changes of the database are not followed: ${error.message}\n`),
      }),
    };
  }

  /** What is kept with the metadata, to be done by whichever instance comes first. */
  #startWorkers(pool: Pool): void {
    const options = {
      config: this.#config,
      pool,
      model: () => this.#metadata.model,
      onFault: this.#onFault,
    };
    if (this.#config.events.fetchBatchSize > 0) this.#scheduler = startScheduler(options);
    if (this.#config.asyncActionsFetchMs > 0) this.#asyncActions = startAsyncWorker(options);
  }

  /** What was changed while no server ran. A database that refuses now does not keep the others from being served. */
  async #installTriggers(): Promise<void> {
    const { stringifyNumericTypes } = this.#config;
    const pool = (source: string) => this.#sources.pool(source);
    try {
      await installTriggers(null, this.#metadata.model, { stringifyNumericTypes, pool });
    } catch (error) {
      this.#deps.out?.(`${(error as Error).message}\n`);
    }
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async refresh(): Promise<void> {
    await this.#metadata.change(async staged => void (await staged.refresh()));
  }

  async health(): Promise<Health> {
    const { ok, text } = await this.#healthz(false);
    return ok ? { ok } : { ok, reason: text };
  }

  /** As the reference tells it: its words are what load balancers look for. */
  async #healthz(strict: boolean): Promise<{ readonly ok: boolean; readonly text: string }> {
    const { inconsistencies } = this.#metadata.model;
    if (inconsistencies.length === 0) return { ok: true, text: 'OK' };
    return strict
      ? { ok: false, text: 'ERROR: inconsistent objects in schema' }
      : { ok: true, text: 'WARN: inconsistent objects in schema' };
  }

  drain(): Promise<void> {
    return this.#sockets.stop();
  }

  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      await Promise.all([this.#watch?.stop(), this.#followed?.listener.stop()]);
      await this.drain();
      await this.#server?.close(drainMs);
      await Promise.all([
        this.#events.stop(this.#config.gracefulShutdownMs),
        this.#scheduler?.stop(this.#config.gracefulShutdownMs),
        this.#asyncActions?.stop(this.#config.gracefulShutdownMs),
      ]);
      await this.#sources.close();
      await this.#store.close();
    })();
    return this.#stopping;
  }
}

/** Tokens or a webhook, by the settings; null without either. */
function createVerify({ auth, authorization }: GraphqlConfig): Verify | null {
  if (auth.hook) return createWebhookVerify(auth.hook);
  return auth.jwt.length > 0
    ? createJwtVerify(auth.jwt, {
        takesRoleClaim: authorization === 'rls',
        visitorRole: auth.unauthorizedRole,
      })
    : null;
}

/** Permissions of the metadata, or the database's privileges. */
function createViewOf(config: GraphqlConfig, pool: (source: string) => Pool): ViewOf {
  if (config.authorization === 'metadata') return (model, role) => createRoleView(model, role, config);
  return async (model, role) => {
    try {
      return createPrivilegeView(
        role,
        await readAllPrivileges(model, role === adminRole ? null : role, pool),
      );
    } catch (error) {
      if (error instanceof PgError && error.code === '42704')
        throw accessDenied(`role "${role}" does not exist`);
      throw error;
    }
  };
}

/** A new server's: the database of the settings as the source `default`. */
function initialMetadata({ databaseUrl }: GraphqlConfig): Metadata {
  if (databaseUrl === null) return emptyMetadata();
  return emptyMetadata([
    {
      name: 'default',
      kind: 'postgres',
      tables: [],
      configuration: {
        connection_info: {
          database_url: { from_env: 'HASURA_GRAPHQL_DATABASE_URL' },
          isolation_level: 'read-committed',
          use_prepared_statements: true,
        },
      },
    },
  ]);
}
