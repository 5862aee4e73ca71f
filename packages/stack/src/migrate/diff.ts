/** Diffs for a project: on a throw-away server that is as the stack's is, from its running database or from files. */
import { readSupabaseMode, servedSchemas, type Throwaway, withThrowaway } from '@peakstone/database';
import { ATLAS_HISTORY, PLATFORM_SCHEMAS, schemasMadeBy, schemasWith } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, parseConninfo } from '@peakstone/kernel/pg';
import {
  MigrateError,
  type MigrationFolder,
  readStatus,
  replayFolder,
  writeMigration,
} from '@peakstone/migrate';
import {
  type Diff,
  diffDatabases,
  type GivenRename,
  loadDeclared,
  loadPgDelta,
  type Rename,
  renderFile,
  type ScratchDatabase,
} from '@peakstone/migrate/diff';
import type { EnvValues } from '../project/envFile.ts';
import { StackError } from '../project/errors.ts';
import type { StackPaths } from '../project/paths.ts';
import { databaseUrl, superuserUrl } from '../run/databaseUrl.ts';
import { stackValues } from '../run/stackValues.ts';
import { schemasOf, serverSettings } from './settings.ts';

export {
  type Diff,
  type FilePlan,
  type GivenRename,
  type Loss,
  type Rename,
  readRename,
  renameText,
  renderFile,
} from '@peakstone/migrate/diff';
export { regenerateTypes } from './types.ts';

/** What the folder shall become: what the running stack's database is, what another one is, or what files declare. */
export type Wanted =
  | { readonly kind: 'stack' }
  | { readonly kind: 'database'; readonly url: string }
  | { readonly kind: 'files'; readonly paths: readonly string[] };

export interface DiffRequest {
  readonly folder: MigrationFolder;
  readonly wanted: Wanted;
  readonly renames: readonly GivenRename[];
  readonly askRename?: ((rename: Rename) => Promise<boolean>) | undefined;
  readonly offline: boolean;
  readonly revisionsSchema?: string | undefined;
  readonly onProgress: (what: string) => void;
}

/** Tables of runners, wherever they were told to keep them. */
const RUNNERS_TABLES = [ATLAS_HISTORY, 'schema_migrations'];

/**
 * What the folder lacks, proven; nothing is written.
 * @throws {StackError} `notRunning`; {MigrateError} where the folder does not apply, is not applied there, or a rename is wrong
 */
export async function diffMigrations(
  request: DiffRequest,
  paths: StackPaths,
  env: EnvValues,
  signal: AbortSignal,
): Promise<Diff> {
  const { folder, wanted, onProgress } = request;
  const values = await stackValues(paths, env);
  const running =
    wanted.kind === 'database' ? wanted.url : await stackUrl(paths, env, wanted.kind === 'stack');
  if (wanted.kind !== 'files' && running !== undefined) await assertApplied(request, running);
  const other = wanted.kind === 'database' ? await readOther(wanted.url) : undefined;
  const bootstrap =
    other !== undefined && !other.isStack
      ? undefined
      : { supabase: readSupabaseMode(values), schemas: await servedOr(running, values) };
  const engine = await loadPgDelta();
  // It is as it is by now, and takes as long to read as a folder to replay.
  const desiredExtract = wanted.kind === 'files' ? undefined : engine.extract(running as string, signal);
  // Asked for later on; or never, where the folder does not apply.
  desiredExtract?.catch(() => undefined);
  onProgress('starting a throw-away database');
  return await withThrowaway(serverSettings(values), signal, async server => {
    // What the folder and the other database call never runs as the superuser, who could start programs here.
    const options = bootstrap === undefined ? { owner: ROLE } : { bootstrap };
    await server.createDatabase('folder', options, signal);
    onProgress(`replaying ${folder.files.length} ${folder.files.length === 1 ? 'file' : 'files'}`);
    await replayFolder(folder, server.url('folder', ROLE), signal);
    if (wanted.kind === 'files') {
      await server.createDatabase('wanted', options, signal);
      await loadDeclared(server.url('wanted', ROLE), wanted.paths);
    }
    return await diffDatabases({
      engine,
      scope: {
        ignoredSchemas: [
          ...schemasMadeBy('bootstrap'),
          ...schemasWith('history'),
          // Of a Supabase project.
          ...PLATFORM_SCHEMAS.map(({ name }) => name),
          ...(request.revisionsSchema && request.revisionsSchema !== 'public'
            ? [request.revisionsSchema]
            : []),
        ],
        ignoredTables: RUNNERS_TABLES,
        impliedOwners: [
          ROLE,
          'postgres',
          ...(running === undefined ? [] : [parseConninfo(running, {}).user]),
          ...(other === undefined ? [] : [other.owner]),
        ],
      },
      current: scratch(server, 'folder'),
      // Nobody says on whose behalf another server's migrations run there: whoever may give things to their owners.
      givesAway: bootstrap === undefined,
      desiredUrl: wanted.kind === 'files' ? server.url('wanted') : (running as string),
      desiredExtract,
      rowsUrl: wanted.kind === 'database' ? wanted.url : running && (await databaseUrl(paths, env, ROLE)),
      renames: request.renames,
      askRename: request.askRename,
      offline: request.offline,
      onProgress,
    });
  });
}

/**
 * Writes the files, all of them or none, and hashes the folder.
 * @returns their names
 */
export async function writeDiff(
  folder: MigrationFolder,
  name: string,
  { files }: Diff,
): Promise<readonly string[]> {
  const last = folder.files.at(-1)?.version ?? '';
  const names: string[] = [];
  for (const [index, file] of files.entries()) {
    const part = file.part === '' ? name : `${name}_${file.part.replaceAll(/[^\w-]/g, '_')}`;
    names.push(
      await writeMigration(folder.path, part, renderFile(file), new Date(firstMoment(last) + index * 1000)),
    );
  }
  return names;
}

/** Versions sort as text: a new one comes after the folder's last, be that of the future. */
function firstMoment(last: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(last);
  if (!match) return Date.now();
  const [, year, month, day, hour, minute, second] = match;
  return Math.max(Date.now(), Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + 1000);
}

/** @throws {StackError} `notRunning` where it is needed */
async function stackUrl(paths: StackPaths, env: EnvValues, isNeeded: boolean): Promise<string | undefined> {
  try {
    return await superuserUrl(paths, env);
  } catch (error) {
    if (!(error instanceof StackError) || error.code !== 'notRunning' || isNeeded) throw error;
    return undefined;
  }
}

/** What the database has not would look as if it should be taken back. @throws {MigrateError} `refused` */
async function assertApplied({ folder, revisionsSchema }: DiffRequest, url: string): Promise<void> {
  const { pending } = await readStatus(folder, url, revisionsSchema);
  if (pending.length === 0) return;
  const names = pending
    .map(({ name }) => name)
    .slice(0, 3)
    .join(', ');
  throw new MigrateError(
    'refused',
    `${pending.length} of the folder’s files ${pending.length === 1 ? 'is' : 'are'} not applied in that database (${names}${pending.length > 3 ? ', …' : ''}): a diff would take back what they make.`,
    'Apply them first: peakstone migrate apply. Where it has what they make, say so: peakstone migrate set',
  );
}

/** What a database is that may be anybody's, and whose: who migrates there. */
async function readOther(url: string): Promise<{ readonly isStack: boolean; readonly owner: string }> {
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const { rows } = await pool.query(
      `select to_regclass('peakstone.bootstrap') is not null, pg_get_userbyid(datdba) from pg_database where datname = current_database()`,
    );
    const [isStack, owner] = rows[0]!.map(cell => cell!.toString());
    return { isStack: isStack === 't', owner: owner! };
  } finally {
    await pool.close();
  }
}

/** Those that a running stack serves, or those of its settings. */
async function servedOr(url: string | undefined, values: EnvValues): Promise<readonly string[]> {
  const served = url === undefined ? [] : await servedSchemas(url);
  return served.length > 0 ? served : schemasOf(values);
}

/** Who migrates, and proves, on the throw-away server. */
const ROLE = 'db_migrator' as const;

let copies = 0;

function scratch(server: Throwaway, name: string): ScratchDatabase {
  return {
    adminUrl: server.url(name),
    url: server.url(name, ROLE),
    async copy() {
      const copy = `${name}_${++copies}`;
      // Whoever migrates needs the rights on it that the original gives.
      await server.createDatabase(copy, { template: name, owner: ROLE });
      return scratch(server, copy);
    },
    // All of them go with their server: to drop one by one would cost a checkpoint each.
    drop: async () => undefined,
  };
}
