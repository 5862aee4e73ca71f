import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { assertOwnFile, privateFolder } from '@peakstone/kernel/private';

/** Lines kept; what is older falls out when a session begins. */
const maxLines = 2000;

/** What may be a password stays out of the file. */
const secret = /\bpassword\b|\bencrypted\b|pgp_sym_|\bcrypt\s*\(/i;

/** What was typed in earlier sessions, in a file that only its owner reads. */
export class History {
  readonly #file: string;
  readonly #folder: string | undefined;
  #usable = true;

  /** @param folder where it lies, to be made for this user alone; without one, wherever the user says */
  constructor(file: string, folder?: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /** Newest first, as readline wants it. `say` is told why there is none, when that is not for want of a file. */
  load(say: (text: string) => void): string[] {
    try {
      if (this.#folder !== undefined) privateFolder(this.#folder);
      if (!existsSync(this.#file)) closeSync(openSync(this.#file, 'a', 0o600));
      assertOwnFile(this.#file);
      // It may have been made by a copy or a restore.
      chmodSync(this.#file, 0o600);
      const lines = readFileSync(this.#file, 'utf8')
        .split('\n')
        .filter(line => line !== '');
      if (lines.length > maxLines)
        writeFileSync(this.#file, `${lines.slice(-maxLines).join('\n')}\n`, { mode: 0o600 });
      return lines.slice(-maxLines).toReversed();
    } catch (error) {
      this.#usable = false;
      say(`The history is not kept: ${(error as Error).message}`);
      return [];
    }
  }

  add(line: string): void {
    if (!this.#usable || line.trim() === '' || secret.test(line)) return;
    appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
  }
}
