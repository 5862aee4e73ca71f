/** One attempt to load the catalog: connect, read the settings in the database, then the catalog itself. */
import { type Catalog, loadCatalog } from '@peakstone/kernel/catalog';
import { arrayLiteral, type Pool, TRUST_CATALOG_ONLY } from '@peakstone/kernel/pg';
import type { RestConfig } from '../config/types.ts';
import type { Emit, FatalReason } from '../events.ts';
import { quote } from '../sql/writer.ts';
import { summarizeCatalog } from './catalogSummary.ts';
import { refusalOf } from './outage.ts';

const minimumVersion = 130_000;
const minimumVersionName = '13.0';

export interface LoadDeps {
  readonly config: () => RestConfig;
  readonly pool: Pool;
  /** Makes the pool forget how long it meant to wait before its next connection. */
  readonly reconnect: () => void;
  readonly emit: Emit;
  /** Reads the settings in the database before the catalog, which depends on them. */
  readonly reloadConfig: () => Promise<void>;
  /** Told when the server has answered, before the catalog is read. */
  readonly onConnected: () => void;
  readonly onLoaded: (catalog: Catalog, serverVersion: string) => void;
  /** Nothing that waiting would mend. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * Tells what happens by events and callbacks; `settle` is told before any event of how it ended: with what it failed, or
 * with null.
 * @returns whether the catalog was loaded.
 */
export async function attemptLoad(deps: LoadDeps, settle: (failure: unknown) => void): Promise<boolean> {
  const { config, pool, emit } = deps;
  let serverVersion: string;
  try {
    // An attempt that the pool refuses without trying would tell nothing new.
    if (pool.stats.unreachable) deps.reconnect();
    serverVersion = await connect(deps);
  } catch (error) {
    settle(error);
    emit({ kind: 'versionFailed', error });
    if (!giveUp(error, deps) && !config().dbPoolAutomaticRecovery) {
      emit({ kind: 'noRecovery' });
      deps.onFatal(error);
    }
    return false;
  }
  try {
    deps.onConnected();
    if (config().dbConfig) await deps.reloadConfig();
    await load(serverVersion, deps, settle);
    return true;
  } catch (error) {
    settle(error);
    const { dbSchemas: schemas, dbExtraSearchPath: extraSearchPath } = config();
    emit({ kind: 'catalogFailed', schemas, extraSearchPath, error });
    giveUp(error, deps);
    return false;
  }
}

/** @returns the server's own words for its version. */
async function connect({ pool, config, emit, onFatal }: LoadDeps): Promise<string> {
  const [, result] = await pool.exchange({
    statements: [
      TRUST_CATALOG_ONLY,
      {
        text: `select current_setting('server_version_num'), current_setting('server_version'), version()`,
        values: [],
      },
    ],
  });
  const [number, short, full] = result!.rows[0]!.map(cell => cell?.toString('utf8') ?? '');
  if (Number(number) < minimumVersion) {
    emit({ kind: 'unsupportedVersion', version: short!, minimum: minimumVersionName });
    onFatal(new Error(`PostgreSQL ${short} is too old`));
  }
  emit({ kind: 'connected', version: full! });
  emit({ kind: 'poolReady', size: config().dbPool });
  return full!;
}

async function load(
  serverVersion: string,
  { config, pool, emit, onLoaded }: LoadDeps,
  settle: (failure: unknown) => void,
): Promise<void> {
  const { dbSchemas: schemas, dbExtraSearchPath: extraSearchPath } = config();
  const startedAt = performance.now();
  await assertSchemas(pool, [...schemas, ...extraSearchPath]);
  const catalog = await loadCatalog(pool, { schemas, extraSearchPath });
  const queriedInMs = performance.now() - startedAt;
  settle(null);
  onLoaded(catalog, serverVersion);
  emit({ kind: 'catalogLoaded', queriedInMs, summary: summarizeCatalog(catalog) });
}

/** Ends the service for what waiting would not mend. @returns whether it is that. */
function giveUp(error: unknown, { emit, onFatal }: LoadDeps): boolean {
  const reason = fatalReason(error);
  if (!reason) return false;
  emit({ kind: 'fatal', reason, error });
  onFatal(error);
  return true;
}

/** Refuses schemas that do not exist: without them the catalog would be empty, and nothing would say why. */
async function assertSchemas(pool: Pool, schemas: readonly string[]): Promise<void> {
  const text = 'select name::regnamespace from unnest($1::text[]) as t(name)';
  await pool.exchange({
    statements: [TRUST_CATALOG_ONLY, { text, values: [arrayLiteral(schemas.map(quote))] }],
  });
}

function fatalReason(error: unknown): FatalReason | null {
  const cause = refusalOf(error);
  if (cause === null) return null;
  if (cause.code === '28P01') return 'authentication';
  if (cause.code === '42P05') return 'transactionPooling';
  if (cause.code === '08P01' && cause.message.includes('statement pooling')) return 'statementPooling';
  return null;
}
