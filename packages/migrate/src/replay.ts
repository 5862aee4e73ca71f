import { randomBytes } from 'node:crypto';
import { createPrivilegedPool, quoteIdentifier } from '@peakstone/kernel/pg';
import { applyMigrations } from './apply/index.ts';
import type { MigrationFolder } from './folder/index.ts';
import { noHistory, rowsOf } from './revisions/index.ts';
import { MigrateSession, readUrl } from './session/index.ts';

/**
 * Runs all of a folder on a database that is there for it, remembering nothing.
 * @returns how many files that were
 * @throws {MigrateError} where it would fail
 */
export async function replayFolder(
  folder: MigrationFolder,
  url: string,
  signal: AbortSignal,
): Promise<number> {
  const session = await MigrateSession.open(
    { url, lockTimeoutMs: 10_000, tableLockTimeoutMs: 60_000 },
    signal,
  );
  try {
    return await applyMigrations({
      folder,
      session,
      history: noHistory,
      options: {
        txMode: 'file',
        order: 'linear',
        baseline: null,
        allowDirty: true,
        dryRun: false,
        amount: null,
        attempts: { count: 1, pauseMs: 0 },
        operatorVersion: '',
      },
      onEvent: () => undefined,
      onDiagnostic: () => undefined,
      signal,
    });
  } finally {
    await session.close();
  }
}

/**
 * The same on a copy of a database, which is left as it is.
 * @throws {MigrateError}; {PgError} where the login may not make databases
 */
export async function replayOnCopy(
  folder: MigrationFolder,
  address: string,
  signal: AbortSignal,
): Promise<number> {
  const { url } = readUrl(address);
  const pool = createPrivilegedPool({ url, name: 'peakstone migrate validate' });
  const copy = `peakstone_replay_${randomBytes(6).toString('hex')}`;
  try {
    const [[database] = []] = await rowsOf(text => pool.script(text), 'select current_database()');
    await pool.script(`create database ${quoteIdentifier(copy)} template ${quoteIdentifier(database!)}`);
    try {
      return await replayFolder(folder, withDatabase(url, copy), signal);
    } finally {
      await pool.script(`drop database if exists ${quoteIdentifier(copy)} with (force)`);
    }
  } finally {
    await pool.close();
  }
}

/** A later `dbname` wins over the path. */
function withDatabase(url: string, database: string): string {
  if (!/^postgres(?:ql)?:\/\//.test(url)) return `${url} dbname=${database}`;
  return `${url}${url.includes('?') ? '&' : '?'}dbname=${database}`;
}
