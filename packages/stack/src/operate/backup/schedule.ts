import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { assertUsable, hasBackups, openStore, readBackupConfig } from '@peakstone/backup';
import { changeSettings } from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';
import { StackError } from '../../project/errors.ts';
import type { StackPaths } from '../../project/paths.ts';
import { stackValues } from '../../run/stackValues.ts';
import { readPresence } from '../../run/state.ts';
import { anyKey, ensureBackupKey } from './key.ts';
import { letGoOfBackups } from './letGo.ts';
import { defaultPlace } from './vaults.ts';

/** Settings by variable; undefined leaves one as it is, null takes it out. */
export type ScheduleChanges = Readonly<Record<string, string | null | undefined>>;

export interface ScheduleReport {
  readonly on: boolean;
  readonly place: string | null;
  readonly encrypted: boolean;
  /** When each comes next, ISO 8601; null for never. */
  readonly next: Readonly<Record<'full' | 'incremental' | 'test', string | null>>;
  readonly keepDays: number;
  readonly keepFulls: number;
  /** The running stack does not follow it yet. */
  readonly needsRestart: boolean;
}

/**
 * Changes when and where backups are made, in `.env`, and says what holds then. A store turns the service on.
 * @param on true: in the default place where none is named; false: turns it off, leaves the backups, and has the server keep no WAL for them any more
 * @throws {ConfigError} naming the variable, and nothing is changed; {StackError} `config`
 */
export async function scheduleStackBackups(
  paths: StackPaths,
  env: EnvValues,
  changes: ScheduleChanges,
  on: boolean | undefined,
  say: (text: string) => void,
): Promise<ScheduleReport> {
  const before = await stackValues(paths, env);
  const wanted: Record<string, string | null | undefined> = { ...changes };
  if (on === false) wanted.BACKUP_STORE = null;
  else if (on && !wanted.BACKUP_STORE && !hasBackups(before)) wanted.BACKUP_STORE = usualPlace(paths);
  const set = Object.entries(wanted).filter(([, value]) => value !== undefined);
  const overridden = set.find(([name]) => env[name]);
  if (overridden)
    throw new StackError('config', `${overridden[0]} is set in the environment, which overrides .env.`, {
      hint: 'Change it where it is set, or unset it.',
    });
  const texts = Object.fromEntries(set.map(([name, value]) => [name, value ?? undefined]));
  const after: EnvValues = { ...before, ...texts };
  if (hasBackups(after)) {
    // Read before anything is written: with a key that is yet to be made, where one is needed.
    const { place } = readBackupConfig({ BACKUP_KEY: anyKey, ...after }, paths.project);
    mkdirSync(paths.data, { recursive: true });
    if (on || wanted.BACKUP_STORE) await assertUsable(openStore(place));
    await ensureBackupKey(paths, after, say);
    if (set.length > 0) changeSettings(paths.env, texts, say);
  } else if (set.length > 0) changeSettings(paths.env, texts, say);
  if (on === false) await letGoOfBackups(paths, env, before, say);
  return await describe(paths, env, set.length > 0);
}

async function describe(paths: StackPaths, env: EnvValues, isChanged: boolean): Promise<ScheduleReport> {
  const values = await stackValues(paths, env);
  const on = hasBackups(values);
  const { place, keys, schedule, retention } = readBackupConfig(values, paths.project, defaultPlace(paths));
  const now = new Date();
  const nextOf = (cron: typeof schedule.full): string | null =>
    on && cron ? cron.next(now).toISOString() : null;
  return {
    on,
    place: on ? (place.kind === 'folder' ? place.folder : `s3://${place.bucket}/${place.prefix}`) : null,
    encrypted: keys.demands,
    next: {
      full: nextOf(schedule.full),
      incremental: nextOf(schedule.incremental),
      test: nextOf(schedule.test),
    },
    keepDays: retention.days,
    keepFulls: retention.fulls,
    needsRestart: isChanged && readPresence(paths).kind === 'running',
  };
}

/** From the project, where it lies in that: a project that moves takes its backups along. */
function usualPlace(paths: StackPaths): string {
  const inside = relative(paths.project, defaultPlace(paths));
  return inside.startsWith('..') ? defaultPlace(paths) : inside;
}
