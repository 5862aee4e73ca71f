/**
 * Puts a restored data folder in the place of another. Two renames: what is meant is written down first, so that a kill between
 * them leaves nothing that somebody must find by hand, and no start that takes the gap for a new stack. All of it is in the folder
 * above, which is this process's own: a restore is refused where the server's user may put something there.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseError } from '@peakstone/database';

/** Names of folders beside the one that is replaced. */
interface Intent {
  /** The restored one. */
  readonly fresh: string;
  /** What the one that was there is called then; null where there was none. */
  readonly kept: string | null;
}

/** The two of a replacement of `place`. Pure. */
export function besideOf(place: string, stamp: string): { readonly fresh: string; readonly kept: string } {
  return { fresh: `${place}.restored-${stamp}`, kept: `${place}.before-${stamp}` };
}

/** Of a folder that nothing runs on. Whatever fails, the old one is where it was. */
export function replaceData(place: string, fresh: string, kept: string | null): void {
  writeIntent(place, { fresh: basename(fresh), kept: kept === null ? null : basename(kept) });
  if (kept !== null) renameSync(place, kept);
  try {
    renameSync(fresh, place);
  } catch (error) {
    if (kept !== null) renameSync(kept, place);
    forgetIntent(place);
    throw error;
  }
  syncFolder(dirname(place));
  forgetIntent(place);
}

/** Whether one was broken off. */
export function isBeingReplaced(place: string): boolean {
  return readIntent(place) !== undefined;
}

/**
 * Brings a replacement that was broken off to its end.
 * @returns what was done, in a sentence; undefined where there was nothing to do
 */
export function finishReplacement(place: string): string | undefined {
  const intent = readIntent(place);
  if (intent === undefined) return undefined;
  const at = (name: string): string => join(dirname(place), name);
  const fresh = at(intent.fresh);
  const kept = intent.kept === null ? null : at(intent.kept);
  const said = bringToEnd(place, fresh, kept);
  syncFolder(dirname(place));
  forgetIntent(place);
  return said;
}

function bringToEnd(place: string, fresh: string, kept: string | null): string | undefined {
  const has = { place: existsSync(place), fresh: existsSync(fresh), kept: kept !== null && existsSync(kept) };
  if (has.fresh && !has.place) {
    renameSync(fresh, place);
    return `A restore that was broken off was brought to its end: the restored database is in ${place}${has.kept ? `, the one that was there before in ${kept}` : ''}.`;
  }
  if (has.fresh && kept !== null && !has.kept && !existsSync(join(place, 'postmaster.pid'))) {
    renameSync(place, kept);
    renameSync(fresh, place);
    return `A restore that was broken off was brought to its end: the restored database is in ${place}, the one that was there before in ${kept}.`;
  }
  // Somebody has put another one there, or runs it.
  if (has.fresh)
    return `A restore was broken off: ${place} is as it was, and the restored database in ${fresh}.`;
  if (!has.place && has.kept && kept !== null) {
    renameSync(kept, place);
    return `A restore was broken off and what it had restored is gone: the database from before it is in ${place} again.`;
  }
  return undefined;
}

/** Databases that a restore has left beside an absent one, the newest last. @returns their folders */
export function databasesBeside(place: string): readonly string[] {
  const folder = dirname(place);
  if (!existsSync(folder)) return [];
  const beginnings = ['before', 'restored'].map(word => `${basename(place)}.${word}-`);
  return readdirSync(folder)
    .filter(
      name =>
        beginnings.some(beginning => name.startsWith(beginning)) &&
        existsSync(join(folder, name, 'PG_VERSION')),
    )
    .sort((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1))
    .map(name => join(folder, name));
}

/** A new, empty database beside one that is only not in its place would be taken for it. @throws {DatabaseError} NOT_A_DATA_FOLDER */
export function assertNoneBeside(place: string): void {
  if (existsSync(join(place, 'PG_VERSION'))) return;
  const beside = databasesBeside(place);
  const newest = beside.at(-1);
  if (newest === undefined) return;
  throw new DatabaseError(
    'NOT_A_DATA_FOLDER',
    `There is no database in ${place}, and ${beside.join(' and ')} beside it ${beside.length === 1 ? 'is one' : 'are some'}: no new, empty one is made.`,
    `Put the right one in its place: mv ${newest} ${place}. To begin with an empty one, move them elsewhere first.`,
  );
}

function stampOf(name: string): string {
  return name.slice(name.lastIndexOf('-') + 1);
}

function intentOf(place: string): string {
  return `${place}.replacing`;
}

function writeIntent(place: string, intent: Intent): void {
  const draft = `${intentOf(place)}.${process.pid}`;
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeSync(handle, JSON.stringify(intent));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, intentOf(place));
  syncFolder(dirname(place));
}

/** By names beside the place alone, whoever wrote it; undefined where there is none of ours. */
function readIntent(place: string): Intent | undefined {
  const found = lstatSync(intentOf(place), { throwIfNoEntry: false });
  if (!found?.isFile()) return undefined;
  const { fresh, kept } = parseIntent(readFileSync(intentOf(place), 'utf8'));
  const isOf = (name: unknown, word: string): name is string =>
    typeof name === 'string' && basename(name) === name && name.startsWith(`${basename(place)}.${word}-`);
  return isOf(fresh, 'restored') && (kept === null || isOf(kept, 'before')) ? { fresh, kept } : undefined;
}

function parseIntent(text: string): { readonly fresh?: unknown; readonly kept?: unknown } {
  try {
    return (JSON.parse(text) as Intent | null) ?? {};
  } catch {
    // What is none of ours: it is written whole.
    return {};
  }
}

function forgetIntent(place: string): void {
  rmSync(intentOf(place), { force: true });
  syncFolder(dirname(place));
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
