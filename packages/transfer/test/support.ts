import { writeFileSync } from 'node:fs';
import { createPool } from '@peakstone/kernel/pg';
import { connect, type TestDatabase, testDatabase } from '@peakstone/testing';
import { type ImportOptions, type ImportReport, importDump } from '@peakstone/transfer';

export const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;

/** A script as a dump: it ends as the Supabase CLI ends one. */
export function writeScript(file: string, text: string): void {
  writeFileSync(file, `${text}\nRESET ALL;\n`);
}

/** A stack's database, as `DATABASE_SUPABASE=full` makes it. */
export async function stackDatabase(): Promise<TestDatabase> {
  return await testDatabase({ bootstrap: true, supabase: 'full' });
}

export async function importInto(
  database: TestDatabase,
  files: readonly string[],
  options: Partial<ImportOptions> = {},
): Promise<ImportReport> {
  return await importDump({
    origin: 'supabase',
    files,
    adminUrl: database.superuserUrl,
    ownerUrl: database.roleUrl('db_migrator'),
    ...options,
  });
}

/** Rows of one statement by the administrator. */
export async function look(database: TestDatabase, sql: string): Promise<(string | null)[][]> {
  const client = connect(database.superuserUrl);
  try {
    return await client.query(sql);
  } finally {
    await client.close();
  }
}

/** The same as a request would run it: by the APIs' login, with role and claims. @throws {PgError} */
export async function ask(
  database: TestDatabase,
  role: string,
  subject: string | null,
  sql: string,
): Promise<(string | null)[][]> {
  const pool = createPool({ url: database.roleUrl('db_authenticator'), size: 1, sharedSize: 0 });
  try {
    const claims = JSON.stringify({ role, ...(subject !== null && { sub: subject }) });
    const results = await pool.exchange({
      begin: 'begin',
      end: 'rollback',
      statements: [
        {
          text: `select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)`,
          values: [role, claims],
        },
        { text: sql, values: [], prepare: false },
      ],
    });
    return results[1]!.rows.map(row => row.map(cell => cell?.toString() ?? null));
  } finally {
    await pool.close();
  }
}

/** Things of one kind that a report names. */
export const told = (report: ImportReport, kind: string, what: string): string[] =>
  report.notes.filter(note => note.kind === kind && note.what === what).map(({ name }) => name);

/** A stack's database, dropped at the end. */
export async function withDatabase(use: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await stackDatabase();
  try {
    await use(database);
  } finally {
    await database.drop();
  }
}
