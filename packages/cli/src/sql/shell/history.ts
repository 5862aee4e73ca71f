import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { assertOwnFile, privateFolder } from '@peakstone/kernel/private';

/** Statements kept; what is older falls out, of the file when a session begins. */
const maxEntries = 2000;

/** Between the lines of a statement in the file, which has one a line; as psql's has. */
const lineBreak = '\u0001';

/** What may be a password stays out of the file. */
const secret = /\bpassword\b|\bencrypted\b|pgp_sym_|\bcrypt\s*\(/i;

/**
 * In the user's folder for such things; PEAKSTONE_SQL_HISTORY names another file. Who has no home, such as a container's user that
 * the system does not know, has a history for this session alone: never one in the folder that they are in.
 */
export function historyOf(env: Readonly<Record<string, string | undefined>>): History {
  if (env.PEAKSTONE_SQL_HISTORY) return new History(env.PEAKSTONE_SQL_HISTORY);
  const state = [env.XDG_STATE_HOME ?? '', join(homeOf(env), '.local', 'state')].find(isAbsolute);
  if (state === undefined) return new History(null);
  const folder = join(state, 'peakstone');
  return new History(join(folder, 'sql_history'), folder);
}

/** Empty where the system knows none. */
function homeOf({ HOME }: Readonly<Record<string, string | undefined>>): string {
  if (HOME !== undefined) return HOME;
  try {
    return homedir();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SYSTEM_ERROR') return '';
    throw error;
  }
}

/** What was typed in earlier sessions, in a file that only its owner reads. */
export class History {
  readonly #file: string | null;
  readonly #folder: string | undefined;
  #usable = true;
  /** Newest first. */
  #entries: string[] = [];
  /** Readline's, which shows them. */
  #shown: string[] = [];

  /** @param file null for none @param folder where it lies, to be made for this user alone; without one, wherever the user says */
  constructor(file: string | null, folder?: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /** Newest first, as readline wants it. `say` is told why there is none, when that is not for want of a file. */
  load(say: (text: string) => void): readonly string[] {
    if (this.#file === null) {
      say('The history is not kept: HOME names no folder (PEAKSTONE_SQL_HISTORY names a file).');
      return [];
    }
    try {
      if (this.#folder !== undefined) privateFolder(this.#folder);
      if (!existsSync(this.#file)) closeSync(openSync(this.#file, 'a', 0o600));
      assertOwnFile(this.#file);
      // It may have been made by a copy or a restore.
      chmodSync(this.#file, 0o600);
      const lines = readFileSync(this.#file, 'utf8')
        .split('\n')
        .filter(line => line !== '');
      if (lines.length > maxEntries)
        writeFileSync(this.#file, `${lines.slice(-maxEntries).join('\n')}\n`, { mode: 0o600 });
      this.#entries = lines
        .slice(-maxEntries)
        .toReversed()
        .map(line => line.replaceAll(lineBreak, '\n'));
      return this.#entries;
    } catch (error) {
      this.#usable = false;
      say(`The history is not kept: ${(error as Error).message}`);
      return [];
    }
  }

  /** From now on these lines, readline's own, are what is remembered. */
  show(lines: string[]): void {
    this.#shown = lines;
    lines.splice(0, lines.length, ...this.#entries);
  }

  /** What was typed as one, be it of several lines. */
  add(entry: string): void {
    const text = entry.replace(/\s+$/, '');
    if (text === '') return;
    this.#entries = [text, ...this.#entries.filter(other => other !== text)].slice(0, maxEntries);
    this.show(this.#shown);
    if (this.#file === null || !this.#usable || secret.test(text)) return;
    appendFileSync(this.#file, `${text.replaceAll('\n', lineBreak)}\n`, { mode: 0o600 });
  }
}
