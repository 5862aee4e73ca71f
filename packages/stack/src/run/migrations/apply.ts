import { relative } from 'node:path';
import {
  applyMigrations,
  checkSums,
  historyOf,
  MigrateError,
  MigrateSession,
  type MigrationFolder,
  readStatus,
} from '@peakstone/migrate';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../databaseUrl.ts';
import type { OnStackEvent } from '../events.ts';
import { furnitureOf, openHistory } from './database.ts';
import { operatorVersion } from './operator.ts';
import { listNames, readProjectMigrations } from './pending.ts';

export interface StartMigrations {
  readonly paths: StackPaths;
  readonly env: EnvValues;
  /** Whether the database is the stack's own: what is elsewhere, others may use, and is only told of. */
  readonly isOwn: boolean;
  readonly signal: AbortSignal;
  readonly emit: OnStackEvent;
}

export interface AppliedAtStart {
  /** How many files. */
  readonly applied: number;
  /** Why there are not more; null where nothing was in the way. */
  readonly failure: string | null;
}

/**
 * Applies what is new in the project's folder of migrations, and shows it. What cannot be applied ends no start: the database
 * is what is needed to mend it.
 */
export async function applyAtStart(start: StartMigrations): Promise<AppliedAtStart> {
  const { paths, emit, signal } = start;
  const applied: string[] = [];
  try {
    const folder = await readProjectMigrations(paths);
    if (folder !== null) await applyFolder(start, folder, applied);
    return { applied: applied.length, failure: null };
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, hint } = error as { readonly message: string; readonly hint?: string };
    const failure = `${message} ${hint ?? ''}`.trim();
    emit({ kind: 'notice', text: `Migrations: ${failure}` });
    return { applied: applied.length, failure };
  }
}

async function applyFolder(
  { paths, env, isOwn, signal, emit }: StartMigrations,
  folder: MigrationFolder,
  applied: string[],
): Promise<void> {
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
  if (state === 'OK') return;
  if (!isOwn) {
    emit({
      kind: 'notice',
      text: `${pending.length} of ${shown} are pending in the database, which is elsewhere: peakstone migrate apply`,
    });
    return;
  }
  const began = performance.now();
  const session = await MigrateSession.open(
    { url, lockTimeoutMs: 10_000, tableLockTimeoutMs: 5_000 },
    signal,
  );
  try {
    await applyMigrations({
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
      emit({ kind: 'notice', text: `Applied of ${shown}: ${listNames(applied)}.` });
    }
  }
}
