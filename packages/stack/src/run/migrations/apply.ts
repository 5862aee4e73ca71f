import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import {
  applyMigrations,
  checkSums,
  historyOf,
  MigrateError,
  MigrateSession,
  type MigrationFolder,
  readFolder,
  readStatus,
} from '@peakstone/migrate';
import type { EnvValues } from '../../project/envFile.ts';
import { locateMigrations } from '../../project/migrations.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../databaseUrl.ts';
import type { OnStackEvent } from '../events.ts';
import { furnitureOf, openHistory } from './database.ts';
import { operatorVersion } from './operator.ts';

export interface StartMigrations {
  readonly paths: StackPaths;
  readonly env: EnvValues;
  /** Whether the database is the stack's own: what is elsewhere, others may use, and is only told of. */
  readonly isOwn: boolean;
  readonly signal: AbortSignal;
  readonly emit: OnStackEvent;
}

/**
 * Applies what is new in the project's folder of migrations, and shows it. What cannot be applied ends no start: the database
 * is what is needed to mend it.
 * @returns how many files were applied
 */
export async function applyAtStart(start: StartMigrations): Promise<number> {
  const { paths, emit, signal } = start;
  try {
    const { path, format } = await locateMigrations({ project: paths.project, cwd: paths.project });
    if (!existsSync(path)) return 0;
    const folder = await readFolder(path, format);
    return folder.files.length === 0 ? 0 : await applyFolder(start, folder);
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, hint } = error as { readonly message: string; readonly hint?: string };
    emit({ kind: 'notice', text: `Migrations: ${message} ${hint ?? ''}`.trim() });
    return 0;
  }
}

async function applyFolder(
  { paths, env, isOwn, signal, emit }: StartMigrations,
  folder: MigrationFolder,
): Promise<number> {
  const shown = relative(paths.project, folder.path);
  const problem = checkSums(folder);
  if (problem !== null) {
    const what =
      problem.kind === 'mismatch' ? `${problem.file} was ${problem.reason}` : 'its sums are missing or wrong';
    throw new MigrateError(
      'sumMismatch',
      `${shown} is not as its atlas.sum says: ${what}; nothing was applied.`,
      'If it is as you want it: peakstone migrate hash && peakstone migrate apply',
    );
  }
  await openHistory(folder.format, paths, env);
  const url = await databaseUrl(paths, env, 'db_migrator');
  const { pending, state } = await readStatus(folder, url, undefined);
  if (state === 'OK') return 0;
  if (!isOwn) {
    emit({
      kind: 'notice',
      text: `${pending.length} of ${shown} are pending in the database, which is elsewhere: peakstone migrate apply`,
    });
    return 0;
  }
  const began = performance.now();
  const applied: string[] = [];
  const session = await MigrateSession.open(
    { url, lockTimeoutMs: 10_000, tableLockTimeoutMs: 5_000 },
    signal,
  );
  try {
    return await applyMigrations({
      folder,
      session,
      history: historyOf(folder, null),
      options: {
        txMode: 'file',
        order: 'linear',
        baseline: null,
        allowDirty: false,
        dryRun: false,
        amount: null,
        attempts: { count: 3, pauseMs: 1000 },
        operatorVersion,
        furniture: await furnitureOf(paths, env),
      },
      signal,
      onDiagnostic: ({ file, line, message }) =>
        emit({ kind: 'notice', text: `${shown}/${file}${line === null ? '' : `:${line}:`} ${message}` }),
      onEvent: event => {
        if (event.kind === 'file') emit({ kind: 'step', service: 'migrations', text: event.file.name });
        if (event.kind === 'fileApplied') applied.push(event.file.name);
      },
    });
  } finally {
    await session.close();
    if (applied.length > 0) {
      emit({ kind: 'healthy', service: 'migrations', durationMs: Math.round(performance.now() - began) });
      emit({ kind: 'notice', text: `Applied of ${shown}: ${listed(applied)}.` });
    }
  }
}

function listed(names: readonly string[]): string {
  const left = names.length - 8;
  return left <= 0 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${left} more`;
}
