/** Tries a backup: restores it on a throw-away server, and reads everything there. A backup that was never restored is none. */
import { randomBytes } from 'node:crypto';
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, type Pool } from '@peakstone/kernel/pg';
import { listBackups } from './catalog/backups.ts';
import { isWriter, type Writer } from './catalog/claims.ts';
import { idsOf } from './catalog/entries.ts';
import { keepTest, type TestResult } from './catalog/tests.ts';
import { BackupError } from './errors.ts';
import type { OnBackupEvent } from './events.ts';
import type { Owner } from './restore/owner.ts';
import type { RunningServer, StartRestored } from './restore/recovery.ts';
import { type RestoreOptions, removeFolder, restoreBackup } from './restore/restore.ts';
import type { RestoreTarget } from './restore/target.ts';
import type { Vault } from './vault.ts';

export interface TestOptions {
  readonly vault: Vault;
  /** Default: the newest one. */
  readonly backup?: string | undefined;
  readonly target?: RestoreTarget;
  readonly start: StartRestored;
  /** A folder to be made, and removed again. */
  readonly scratch: string;
  readonly guard?: RestoreOptions['guard'];
  readonly owner?: Owner | undefined;
  /** Who tests: among what another stack writes, nothing is kept. */
  readonly writer: Writer;
  readonly onEvent: OnBackupEvent;
  readonly signal: AbortSignal;
}

/** What a test found, and whether the store knows it. */
export interface Tested extends TestResult {
  /** False where the backups are another stack's. */
  readonly kept: boolean;
}

/** Also kept in the store, whatever came of it, by whose backups they are. @throws {BackupError} STORE, KEY; the signal's reason */
export async function testBackup(options: TestOptions): Promise<Tested> {
  const { vault, scratch, owner, guard, writer, signal, onEvent } = options;
  const began = performance.now();
  let findings: Findings = { tables: 0, rows: 0, indexes: 0, problems: [] };
  let backup: string | null = options.backup ?? null;
  let lastTransactionAt: string | null = null;
  let failure: string | undefined;
  try {
    const restored = await restoreBackup({
      ...{ vault, owner, guard, signal, into: scratch },
      onEvent: event => {
        // The last one of a chain is what is tested.
        if (event.kind === 'restoring') backup = event.id;
        onEvent(event);
      },
      start: options.start,
      target: options.target ?? { kind: 'latest' },
      backup: options.backup,
      inspect: async server => {
        // A query that waits for whatever it may be ends with its server.
        const end = (): void => void server.stop();
        signal.addEventListener('abort', end, { once: true });
        try {
          findings = await inspectServer(server, signal);
        } finally {
          signal.removeEventListener('abort', end);
        }
      },
    });
    lastTransactionAt = restored.lastTransactionAt;
    failure = findings.problems[0];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof BackupError && (error.code === 'STORE' || error.code === 'KEY')) throw error;
    failure = (error as Error).message;
  } finally {
    await removeFolder(scratch, owner);
  }
  const { tables, rows, indexes } = findings;
  const result: TestResult = {
    at: new Date().toISOString(),
    ok: failure === undefined,
    text: failure ?? `restored and read: ${tables} tables with ${rows} rows, ${indexes} indexes`,
    ...{ backup, tables, rows, indexes, lastTransactionAt },
    durationMs: Math.round(performance.now() - began),
  };
  const kept = await isWriter(vault, writer);
  if (kept) {
    const { backups } = await listBackups(vault);
    await keepTest(vault, 'test', result, idsOf(backups));
  }
  onEvent({ kind: 'tested', id: backup ?? '', ok: result.ok, text: result.text });
  return { ...result, kept };
}

interface Findings {
  readonly tables: number;
  readonly rows: number;
  readonly indexes: number;
  /** In sentences. */
  readonly problems: readonly string[];
}

const noFindings: Findings = { tables: 0, rows: 0, indexes: 0, problems: [] };

async function inspectServer(server: RunningServer, signal: AbortSignal): Promise<Findings> {
  const names = await withDatabase(server.url, undefined, async pool => {
    const { rows } = await pool.query('select datname from pg_database where datallowconn order by 1');
    return rows.map(([name]) => name!.toString());
  });
  let all = noFindings;
  for (const name of names) {
    signal.throwIfAborted();
    const found = await withDatabase(server.url, name, pool => inspectDatabase(pool, name, signal));
    all = {
      tables: all.tables + found.tables,
      rows: all.rows + found.rows,
      indexes: all.indexes + found.indexes,
      problems: [...all.problems, ...found.problems],
    };
  }
  return all;
}

/** Reads every row, which checks the pages' checksums as well, and has amcheck look at tables and indexes where it is there. */
async function inspectDatabase(pool: Pool, database: string, signal: AbortSignal): Promise<Findings> {
  const check = await installAmcheck(pool);
  const problems: string[] = [];
  let rows = 0;
  const tables = await relations(pool, `c.relkind in ('r', 'm', 't')`);
  const told = (name: string, error: unknown): void => {
    problems.push(`${name} in database ${database}: ${(error as Error).message}`);
  };
  for (const { oid, name, isData } of tables) {
    signal.throwIfAborted();
    try {
      if (isData) rows += Number((await pool.query(`select count(*) from ${name}`)).rows[0]![0]);
      if (!check) continue;
      const found = await pool.query(
        `select msg from ${check}.verify_heapam($1::pg_catalog.oid::pg_catalog.regclass) limit 1`,
        [oid],
      );
      if (found.rows.length > 0) problems.push(`${name} in database ${database}: ${found.rows[0]![0]}`);
    } catch (error) {
      told(name, error);
    }
  }
  const indexes = check
    ? await relations(
        pool,
        `c.relkind = 'i' and exists (select from pg_index i join pg_am a on a.oid = c.relam
           where i.indexrelid = c.oid and i.indisvalid and i.indisready and a.amname = 'btree')`,
      )
    : [];
  for (const { oid, name } of indexes) {
    signal.throwIfAborted();
    try {
      await pool.query(`select ${check}.bt_index_check($1::pg_catalog.oid::pg_catalog.regclass)`, [oid]);
    } catch (error) {
      told(name, error);
    }
  }
  return { tables: tables.filter(({ isData }) => isData).length, rows, indexes: indexes.length, problems };
}

/**
 * The schema that amcheck is in; null where the server does not have it. It is made for this, as nobody can have put a function of
 * the same name beside amcheck's there: whose schema the extension came in may have others who write. The server is thrown away.
 */
async function installAmcheck(pool: Pool): Promise<string | null> {
  const { rows } = await pool.query(
    `select e.oid is not null from pg_available_extensions a left join pg_extension e on e.extname = a.name where a.name = 'amcheck'`,
  );
  if (rows.length === 0) return null;
  const schema = `peakstone_amcheck_${randomBytes(16).toString('hex')}`;
  const isInstalled = rows[0]![0]!.toString() === 't';
  await pool.script(
    `create schema ${schema}; ${isInstalled ? `alter extension amcheck set schema ${schema}` : `create extension amcheck with schema ${schema}`}`,
  );
  return schema;
}

interface Relation {
  readonly oid: string;
  /** Qualified and quoted. */
  readonly name: string;
  /** A table of people's own, not a system or TOAST table, nor a materialized view that was never filled. */
  readonly isData: boolean;
}

async function relations(pool: Pool, condition: string): Promise<Relation[]> {
  const { rows } = await pool.query(
    `select c.oid, format('%I.%I', n.nspname, c.relname),
       c.relkind <> 't' and c.relispopulated and ${isNotPostgres('n.nspname')}
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relpersistence = 'p' and ${condition} order by 2`,
  );
  return rows.map(([oid, name, isData]) => ({
    oid: oid!.toString(),
    name: name!.toString(),
    isData: isData!.toString() === 't',
  }));
}

async function withDatabase<T>(
  url: string,
  database: string | undefined,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const at = new URL(url);
  if (database !== undefined) at.pathname = `/${encodeURIComponent(database)}`;
  // With the URL's settings of a session, above what the database and the role have been given.
  const pool = createPrivilegedPool({ url: at.href, name: 'peakstone backup test' });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
