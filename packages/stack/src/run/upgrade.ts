/** What changes for a stack that an earlier version of PeakStone has run. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stackVersion } from '../definition.ts';
import type { StackPaths } from '../project/paths.ts';

/**
 * Changes that users of a running stack notice, oldest first. Only ever added to: a data folder remembers how many it has
 * seen, which holds between releases as well, for those who follow a clone.
 */
export const changes: readonly string[] = [
  'Extensions live in the schema extensions instead of public, which is on every role’s search_path; this start moves those that this stack had installed, but for any that it names below.',
  'Statements of visitors end after 8 s, and those of signed-in users too: DATABASE_STATEMENT_TIMEOUT sets another limit.',
  'PATCH and DELETE without a filter are refused with 400: PGRST_DB_SAFEUPDATE_ENABLED=false in .env allows them.',
  'Folders and files that another user of this machine owns or may write are refused: state, caches, .env, peakstone.config.ts.',
  'Settings that ALTER ROLE … SET gave to roles of the stack are taken off at each start, and named in the log of postgres: DATABASE_ROLE_SETTINGS holds those that you want. Only db_migrator makes temporary tables and large objects.',
  'The database has a role db_backup, and the server keeps summaries of its WAL (summarize_wal); peakstone backup schedule on turns backups on.',
  'A start applies what is new in migrations/ (atlas/migrations, supabase/migrations), once: where files of it are in the database already, say so by peakstone migrate set VERSION; up --no-migrate leaves them.',
  'Where the server has no pg_cron, schema cron is there with its functions, and a service cron runs what db_migrator schedules. Changes of the schema are lines (AUDIT) in the log of postgres.',
  'Pictures are resized here by default, at /img and port 8081, by imgproxy’s signed URLs: peakstone images sign makes them.',
  'The stack serves S3 itself, from .peakstone/storage: PEAKSTONE_UPSTREAM_STORAGE in .env names another server instead. In containers our server takes MinIO’s place, and refuses a folder of MinIO’s: storage: "minio" in peakstone.config.ts keeps it.',
  'Backups as SQL belong to the stack that writes them: a second one on the same place makes none until it has a place of its own (BACKUP_STORE), or peakstone backup takeover. Days that no service saw pass make no backup old.',
  'Supabase Storage’s API is at /storage/v1, over the objects of S3: the database has a schema storage, whose rows say of each bucket and object who may see it. Buckets get their rows when they are next used; until a policy says otherwise they are the service role’s alone.',
  'An answer of REST has at most 64 MiB, one of GraphQL 128, and a session of PostgreSQL an eighth of the memory: PGRST_DB_MAX_RESULT_BYTES, PEAKSTONE_GRAPHQL_MAX_ANSWER_BYTES and DATABASE_SESSION_MEMORY_MB set others. GraphQL’s bodies are bounded by who sends them, settings of roles hold in it, and X-Hasura-* headers count with the admin secret alone.',
  'An operation of GraphQL holds 20,000 tokens and a million characters at most, and the variables of a subscription 5,000 values: PEAKSTONE_GRAPHQL_MAX_TOKENS and _MAX_QUERY_LENGTH in .env set other limits.',
  'peakstone status ends with 4 while migrations that the start could not apply are pending, and says why; doctor names files that are pending. Hints to start the stack anew name the options that it was started with.',
  'There is a preview of a web console, off unless PEAKSTONE_CONSOLE=true in .env; its README says what it lacks. The database has roles console_viewer and console_editor for it, as which nobody logs in without it.',
];

/** Kept in the data folder. */
interface VersionRecord {
  readonly version: string;
  /** How many of the changes it knew. */
  readonly changes: number;
}

/**
 * What to tell before a stack starts that was last run by another version; empty for a new one, and where nothing changed.
 * @param isNew no stack was ever started here
 */
export function upgradeNotes(paths: StackPaths, isNew: boolean): readonly string[] {
  const before = readRecord(paths);
  if (isNew && before === undefined) return [];
  const seen = before?.changes ?? 0;
  const name = before === undefined ? 'an earlier version' : `version ${before.version}`;
  if (seen > changes.length)
    return [
      `This stack was last run by ${name}, which is newer than this one (${stackVersion}): what that added may be refused or ignored here.`,
    ];
  const missed = changes.slice(seen);
  if (missed.length === 0) return [];
  return [`This stack was last run by ${name}. Since then:`, ...missed];
}

/**
 * Says that this version has run the stack. Called at once for a new one, as its first start may be interrupted and no
 * earlier version was there; else once it is up, so that a failed start tells its notes again.
 */
export function recordVersion(paths: StackPaths): void {
  const record: VersionRecord = { version: stackVersion, changes: changes.length };
  const before = readRecord(paths);
  if (before?.version === record.version && before.changes === record.changes) return;
  const draft = `${fileOf(paths)}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(draft, fileOf(paths));
}

/** Whether a stack was ever started on this data folder. */
export function hasRun(paths: StackPaths): boolean {
  return existsSync(fileOf(paths));
}

function fileOf(paths: StackPaths): string {
  return join(paths.data, 'version.json');
}

/** A record that cannot be read, as after a full disk, is none: its notes are told once more. */
function readRecord(paths: StackPaths): VersionRecord | undefined {
  if (!existsSync(fileOf(paths))) return undefined;
  try {
    const { version, changes } = JSON.parse(readFileSync(fileOf(paths), 'utf8')) as Partial<VersionRecord>;
    return typeof version === 'string' && Number.isInteger(changes)
      ? { version, changes: Number(changes) }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
