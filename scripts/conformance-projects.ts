/**
 * `npm run conformance:projects -- FOLDER… [--supabase full|roles|off]`
 *
 * Applies the migrations of real projects, each FOLDER one of the Supabase CLI (`supabase/migrations`), of Hasura (a database's
 * folder in `migrations/`) or of Atlas, to a database as a new stack has it, as db_migrator. Passed is a folder that is applied
 * whole, is remembered file by file in its own tool's table, and of which a second run finds nothing to do. One that
 * stops says at which file, what the server said, and how much of it was applied. Exit code 1 when any does.
 */
import { parseArgs } from 'node:util';
import { startThrowaway, type Throwaway } from '@peakstone/database';
import { createPrivilegedPool } from '@peakstone/kernel/pg';
import {
  applyMigrations,
  hasuraGrants,
  historyOf,
  MigrateError,
  MigrateSession,
  type MigrationFolder,
  readFolder,
  readStatus,
} from '@peakstone/migrate';

const USAGE = 'usage: npm run conformance:projects -- FOLDER… [--supabase full|roles|off]';
const { signal } = new AbortController();

process.exitCode = await main();

async function main(): Promise<number> {
  const { positionals, supabase } = readOptions();
  const server = await startThrowaway({}, signal);
  let failed = 0;
  try {
    for (const [index, path] of positionals.entries()) {
      const name = `project_${index}`;
      await server.createDatabase(name, { bootstrap: { supabase } }, signal);
      if (!(await applyProject(path, server, name))) failed++;
      await server.dropDatabase(name);
    }
  } finally {
    await server.stop();
  }
  console.log(`${positionals.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { supabase: { type: 'string', default: 'full' } },
    });
    const { supabase } = values;
    if (positionals.length > 0 && (supabase === 'full' || supabase === 'roles' || supabase === 'off'))
      return { positionals, supabase } as const;
  } catch (error) {
    console.error((error as Error).message);
  }
  console.error(USAGE);
  process.exit(2);
}

/** Says how it went. @returns whether it passed */
async function applyProject(path: string, server: Throwaway, database: string): Promise<boolean> {
  try {
    const folder = await readFolder(path);
    const url = server.url(database, 'db_migrator');
    if (folder.format === 'hasura') await grantHasura(server.url(database));
    const failure = await applyWhole(folder, url);
    const { applied } = await readStatus(folder, url, undefined);
    const done = `${path} (${folder.format}): ${applied.length} of ${folder.files.length} files`;
    console.log(failure === null ? `ok   ${done}` : `FAIL ${done}; ${failure}`);
    return failure === null;
  } catch (error) {
    if (!(error instanceof MigrateError)) throw error;
    console.log(`FAIL ${path}: ${error.message}`);
    return false;
  }
}

/** @returns why it did not pass */
async function applyWhole(folder: MigrationFolder, url: string): Promise<string | null> {
  try {
    await apply(folder, url);
  } catch (error) {
    if (!(error instanceof MigrateError)) throw error;
    return error.message.trim().replaceAll(/\s*\n\s*/g, ' ');
  }
  const { applied, pending } = await readStatus(folder, url, undefined);
  if (pending.length > 0 || applied.length !== folder.files.length) return 'not all of them are remembered';
  return (await apply(folder, url)) === 0 ? null : 'a second run applies something';
}

/** As `peakstone migrate` does where Hasura's schema is not the migrator's. */
async function grantHasura(adminUrl: string): Promise<void> {
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone conformance' });
  try {
    await pool.script(hasuraGrants('db_migrator'));
  } finally {
    await pool.close();
  }
}

/** @returns how many files that were */
async function apply(folder: MigrationFolder, url: string): Promise<number> {
  const session = await MigrateSession.open(
    { url, lockTimeoutMs: 10_000, tableLockTimeoutMs: 60_000 },
    signal,
  );
  try {
    return await applyMigrations({
      folder,
      session,
      history: historyOf(folder, null),
      options: {
        ...{ txMode: 'file', order: 'linear', baseline: null, allowDirty: true, dryRun: false, amount: null },
        attempts: { count: 1, pauseMs: 0 },
        operatorVersion: 'conformance',
      },
      onEvent: () => undefined,
      onDiagnostic: () => undefined,
      signal,
    });
  } finally {
    await session.close();
  }
}
