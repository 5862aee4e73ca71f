/**
 * The live service: its configuration, catalog, pool and listener, and how each is replaced. Owns the pool, the catalog
 * loop and the listening connection.
 */

import type { Catalog } from '@peakstone/kernel/catalog';
import type { Pool } from '@peakstone/kernel/pg';
import type { Env, Health } from '@peakstone/kernel/service';
import { type Authenticate, createAuthenticate } from '../authenticate.ts';
import { type DatabaseConfig, readDatabaseConfig } from '../config/database.ts';
import { readConfig } from '../config/read.ts';
import { parseRoleClaimKey } from '../config/roleClaim.ts';
import type { RestConfig } from '../config/types.ts';
import type { RestContext } from '../context.ts';
import type { Emit } from '../events.ts';
import { type CatalogLoop, startCatalogLoop } from './catalogLoop.ts';
import { type ChannelListener, startListener } from './listener.ts';
import { illness } from './outage.ts';
import { openPool } from './pool.ts';

export interface RuntimeOptions {
  readonly path?: string | undefined;
  readonly env: Env;
  /** As read from file and environment. */
  readonly config: RestConfig;
  readonly emit: Emit;
  /** Told once of what waiting would not mend. */
  readonly onFatal: (error: unknown) => void;
}

/** Requests may run this long after a stop was asked for. */
const drainMs = 30_000;

export class RestRuntime implements RestContext {
  readonly emit: Emit;
  readonly pool: Pool;
  readonly #options: RuntimeOptions;
  readonly #catalogLoop: CatalogLoop;
  #config: RestConfig;
  #authenticate: Authenticate;
  #catalog: Catalog | null = null;
  #serverVersion = 'PostgreSQL';
  #listener: ChannelListener | null = null;
  #configReload: Promise<void> = Promise.resolve();
  #isStopping = false;
  #isFatal = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.emit = options.emit;
    this.#config = options.config;
    this.#authenticate = this.#createAuthenticate(options.config);
    this.pool = openPool(() => this.#config, this.emit);
    this.#warnOfDeprecations();
    this.#startListener();
    this.#catalogLoop = startCatalogLoop({
      config: () => this.#config,
      pool: this.pool,
      reconnect: () => this.pool.recycle(),
      emit: this.emit,
      reloadConfig: () => this.reloadConfig(),
      onConnected: () => this.#openForReads(),
      onLoaded: (catalog, serverVersion) => {
        const isFirst = this.#catalog === null;
        this.#catalog = catalog;
        this.#serverVersion = serverVersion;
        // What was opened for the first load has seen no other schema. The reference flushes then, too.
        if (isFirst) this.emit({ kind: 'poolFlushed' });
        else this.pool.recycle();
      },
      onFatal: error => this.#fail(error),
    });
    this.#catalogLoop.request();
  }

  get config(): RestConfig {
    return this.#config;
  }

  get catalog(): Catalog | null {
    return this.#catalog;
  }

  get authenticate(): Authenticate {
    return this.#authenticate;
  }

  get retryAfterSeconds(): number {
    return this.#catalogLoop.retryAfterSeconds;
  }

  /** When the main server may open: after the first attempt, or only with a catalog when another process serves meanwhile. */
  get readyToListen(): Promise<void> {
    const { firstAttempt, firstSuccess } = this.#catalogLoop;
    return this.#config.serverReuseport ? firstSuccess : firstAttempt;
  }

  /** Whether the catalog is up to date and the database within reach. */
  async isLoaded(): Promise<boolean> {
    if (!this.#catalogLoop.isLoaded) return false;
    if (this.#listener) return this.#listener.isListening;
    try {
      await this.pool.query('select 1');
      return true;
    } catch {
      // The answer is the point; what failed shows in the log when a request meets it.
      return false;
    }
  }

  /**
   * Why a request would be refused now; null when nothing speaks against it. Looks where requests go: a listener that is
   * still connected says nothing of new connections, which may be refused, or have lost the way to the server.
   */
  async refusal(): Promise<Health | null> {
    try {
      await this.pool.query('select 1');
    } catch (error) {
      return illness((error as Error).message, error);
    }
    // Those that are open serve on.
    const { unreachable } = this.pool.stats;
    if (unreachable)
      return illness(`New connections to the database fail: ${unreachable.message}`, unreachable);
    const { isLoaded, failure } = this.#catalogLoop;
    if (!isLoaded) return illness('The schema cache is not loaded', failure);
    if (this.#listener?.isListening !== false) return null;
    return illness('Changes of the schema are not heard of', this.#listener.loss);
  }

  reloadCatalog(): void {
    if (!this.#isStopping) this.#catalogLoop.request();
  }

  /** The same, but at once; settles when a load that began after the call is over. */
  async refreshCatalog(): Promise<void> {
    if (!this.#isStopping) await this.#catalogLoop.refresh();
  }

  readonly renewCatalog = async (
    used: Catalog,
    isBehind: () => Promise<boolean>,
  ): Promise<Catalog | null> => {
    if (this.#catalog === used && (await isBehind())) await this.refreshCatalog();
    return this.#catalog === used ? null : this.#catalog;
  };

  /** Reads file, environment and database again, one reading at a time; an unusable outcome is logged and changes nothing. */
  reloadConfig(): Promise<void> {
    this.#configReload = this.#configReload.then(() => this.#readConfig());
    return this.#configReload;
  }

  /** Lets running requests end, then closes every connection. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([this.#catalogLoop.stop(), this.#listener?.stop()]);
    await this.pool.close(drainMs);
  }

  async #readConfig(): Promise<void> {
    if (this.#isStopping) return;
    const { path, env } = this.#options;
    const before = this.#config;
    try {
      const database = before.dbConfig ? await this.#readDatabase(before) : undefined;
      const config = await readConfig({ path, env, database, dbUri: before.dbUri });
      this.#authenticate = this.#createAuthenticate(config);
      this.#config = config;
    } catch (error) {
      this.emit({ kind: 'configInvalid', message: (error as Error).message });
      return;
    }
    this.#warnOfDeprecations();
    if (this.#config.dbChannelEnabled !== before.dbChannelEnabled) {
      await this.#listener?.stop();
      this.#listener = null;
      this.#startListener();
    }
    this.emit({ kind: 'configReloaded' });
  }

  #readDatabase({ dbPreConfig }: RestConfig): Promise<DatabaseConfig> {
    return readDatabaseConfig(this.pool, dbPreConfig, (unread, error) =>
      this.emit({ kind: unread === 'settings' ? 'databaseSettingsFailed' : 'roleSettingsFailed', error }),
    );
  }

  /** Reads have connections of their own: the first opens while the catalog is read, not when somebody waits for it. */
  #openForReads(): void {
    if (this.#catalog !== null) return;
    const opened = this.pool.exchange({ statements: [{ text: 'select 1', values: [] }], lane: 'shared' });
    opened.catch(() => {
      // The first read tries again, and is told.
    });
  }

  #createAuthenticate(config: RestConfig): Authenticate {
    return createAuthenticate(config, event => this.emit({ kind: 'jwtCache', event }));
  }

  #startListener(): void {
    if (!this.#config.dbChannelEnabled || this.#isStopping) return;
    this.#listener = startListener(this.#config, {
      emit: this.emit,
      serverVersion: () => this.#catalogLoop.firstAttempt.then(() => this.#serverVersion),
      reloadCatalog: () => this.reloadCatalog(),
      reloadConfig: () => void this.reloadConfig(),
      onGivenUp: error => this.#fail(error),
    });
  }

  #warnOfDeprecations(): void {
    const { deprecated } = parseRoleClaimKey(this.#config.jwtRoleClaimKey);
    if (deprecated !== null) this.emit({ kind: 'deprecatedRoleClaimKey', path: deprecated });
  }

  #fail(error: unknown): void {
    if (this.#isFatal || this.#isStopping) return;
    this.#isFatal = true;
    this.#options.onFatal(error);
  }
}
