/** Loads the catalog, and loads it again: on request, after failures, with growing pauses. */
import { type Catalog, loadCatalog } from '@peakstone/kernel/catalog';
import { arrayLiteral, ConnectionError, PgError, type Pool } from '@peakstone/kernel/pg';
import type { RestConfig } from '../config/types.ts';
import type { Emit, FatalReason } from '../events.ts';
import { quote } from '../sql/writer.ts';
import { summarizeCatalog } from './catalogSummary.ts';

const minimumVersion = 130_000;
const minimumVersionName = '13.0';
const firstPauseSeconds = 1;
const maxPauseSeconds = 32;
/** A burst of reload messages costs two loads: the one under way and one after it. */
const coolDownMs = 100;

export interface CatalogLoopDeps {
  readonly config: () => RestConfig;
  readonly pool: Pool;
  /** Makes the pool forget how long it meant to wait before its next connection. */
  readonly reconnect: () => void;
  readonly emit: Emit;
  /** Reads the settings in the database before the catalog, which depends on them. */
  readonly reloadConfig: () => Promise<void>;
  readonly onLoaded: (catalog: Catalog, serverVersion: string) => void;
  /** Nothing that waiting would mend. */
  readonly onFatal: (error: unknown) => void;
}

export interface CatalogLoop {
  /** Asks for a load; several requests during one load cause one more. */
  request(): void;
  /** Settles after the first attempt, whatever came of it. */
  readonly firstAttempt: Promise<void>;
  /** Settles after the first success. */
  readonly firstSuccess: Promise<void>;
  /** Whether the last load asked for has succeeded. */
  readonly isLoaded: boolean;
  /** Whole seconds until the next attempt, at least 1. */
  readonly retryAfterSeconds: number;
  stop(): Promise<void>;
}

export function startCatalogLoop(deps: CatalogLoopDeps): CatalogLoop {
  const { config, pool, emit } = deps;
  const aborter = new AbortController();
  const firstAttempt = Promise.withResolvers<void>();
  const firstSuccess = Promise.withResolvers<void>();
  let isPending = false;
  let isLoaded = false;
  let nextAttemptAt = 0;
  let running: Promise<void> | null = null;

  const attempt = async (): Promise<boolean> => {
    let serverVersion: string;
    try {
      // An attempt that the pool refuses without trying would tell nothing new.
      if (!pool.stats.reachable) deps.reconnect();
      serverVersion = await connect();
    } catch (error) {
      isLoaded = false;
      emit({ kind: 'versionFailed', error });
      const reason = fatalReason(error);
      if (reason) giveUp(reason, error);
      else if (!config().dbPoolAutomaticRecovery) {
        emit({ kind: 'noRecovery' });
        deps.onFatal(error);
      }
      return false;
    }
    try {
      if (config().dbConfig) await deps.reloadConfig();
      const { dbSchemas: schemas, dbExtraSearchPath: extraSearchPath } = config();
      const startedAt = performance.now();
      await assertSchemas(pool, [...schemas, ...extraSearchPath]);
      const catalog = await loadCatalog(pool, { schemas, extraSearchPath });
      isLoaded = true;
      deps.onLoaded(catalog, serverVersion);
      emit({
        kind: 'catalogLoaded',
        queriedInMs: performance.now() - startedAt,
        summary: summarizeCatalog(catalog),
      });
      return true;
    } catch (error) {
      isLoaded = false;
      const { dbSchemas: schemas, dbExtraSearchPath: extraSearchPath } = config();
      emit({ kind: 'catalogFailed', schemas, extraSearchPath, error });
      const reason = fatalReason(error);
      if (reason) giveUp(reason, error);
      return false;
    }
  };

  const giveUp = (reason: FatalReason, error: unknown): void => {
    emit({ kind: 'fatal', reason, error });
    deps.onFatal(error);
  };

  const connect = async (): Promise<string> => {
    const { rows } = await pool.query(
      `select current_setting('server_version_num'), current_setting('server_version'), version()`,
    );
    const [number, short, full] = rows[0]!.map(cell => cell?.toString('utf8') ?? '');
    if (Number(number) < minimumVersion) {
      emit({ kind: 'unsupportedVersion', version: short!, minimum: minimumVersionName });
      deps.onFatal(new Error(`PostgreSQL ${short} is too old`));
    }
    emit({ kind: 'connected', version: full! });
    emit({ kind: 'poolReady', size: config().dbPool });
    return full!;
  };

  const run = async (): Promise<void> => {
    let pauseSeconds = firstPauseSeconds;
    while (!aborter.signal.aborted) {
      isPending = false;
      const succeeded = await attempt();
      firstAttempt.resolve();
      if (succeeded) {
        pauseSeconds = firstPauseSeconds;
        firstSuccess.resolve();
        await pause(coolDownMs, aborter.signal);
        if (!isPending) return;
        continue;
      }
      if (!config().dbPoolAutomaticRecovery) return;
      nextAttemptAt = Date.now() + pauseSeconds * 1000;
      await pause(pauseSeconds * 1000, aborter.signal);
      if (aborter.signal.aborted) return;
      emit({ kind: 'retrying', seconds: pauseSeconds });
      pauseSeconds = Math.min(pauseSeconds * 2, maxPauseSeconds);
    }
  };

  return {
    request() {
      isPending = true;
      running ??= run().finally(() => {
        running = null;
      });
    },
    firstAttempt: firstAttempt.promise,
    firstSuccess: firstSuccess.promise,
    get isLoaded() {
      return isLoaded;
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((nextAttemptAt - Date.now()) / 1000));
    },
    async stop() {
      aborter.abort();
      firstAttempt.resolve();
      await running;
    },
  };
}

/** Refuses schemas that do not exist: without them the catalog would be empty, and nothing would say why. */
async function assertSchemas(pool: Pool, schemas: readonly string[]): Promise<void> {
  await pool.query(`select name::regnamespace from unnest($1::text[]) as t(name)`, [
    arrayLiteral(schemas.map(quote)),
  ]);
}

function fatalReason(error: unknown): FatalReason | null {
  let cause = error;
  // The pool wraps what the server said when it refused the connection.
  for (let depth = 0; cause instanceof ConnectionError && depth < 5; depth++) cause = cause.cause;
  if (!(cause instanceof PgError)) return null;
  if (cause.code === '28P01') return 'authentication';
  if (cause.code === '42P05') return 'transactionPooling';
  if (cause.code === '08P01' && cause.message.includes('statement pooling')) return 'statementPooling';
  return null;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
