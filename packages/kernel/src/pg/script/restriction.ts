import type { ScriptPiece } from './read.ts';

/** Why a piece of a script may not be run; `why` ends the sentence that begins with `command`. */
export interface Refusal {
  readonly command: string;
  readonly why: string;
  readonly remedy: string;
}

/**
 * Restricted mode, as psql has it since 17.6 (CVE-2025-8714). Between `\restrict KEY` and `\unrestrict KEY` a dump holds what
 * the server that it came from says; that server does not know the key, and so nothing of it becomes a command of psql.
 */
export class Restriction {
  #key: string | null = null;

  get isOn(): boolean {
    return this.#key !== null;
  }

  /**
   * Takes the next piece of a script.
   * @returns `done` for what begins or ends restricted mode, `open` for what may be run, or why it may not
   */
  take(
    piece: Pick<ScriptPiece, 'text'> & (Pick<ScriptPiece, 'kind'> & { endedBy?: string | null }),
  ): 'done' | 'open' | Refusal {
    const line = piece.kind === 'meta' ? piece.text : (piece.endedBy ?? '');
    if (line === '') return 'open';
    const [, command = '', rest = ''] = /^(\\\S*)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
    const isEnd = command === '\\unrestrict';
    if (this.isOn && !isEnd)
      return {
        command,
        why: 'is a command of psql, where all are restricted since \\restrict',
        remedy:
          'No server writes one into a dump, unless it means harm to whoever restores it: look at the line.',
      };
    if (command !== '\\restrict' && !isEnd) return 'open';
    const key = rest.replace(/^(['"])(.*)\1$/, '$2');
    const refused = (why: string): Refusal => ({ command, why, remedy: 'Take the line out.' });
    if (key === '') return refused('names no key');
    if (!isEnd) this.#key = key;
    else if (!this.isOn) return refused('ends nothing, as nothing is restricted');
    else if (this.#key !== key)
      return { ...refused('has another key than \\restrict, and ends nothing'), remedy: 'Look at the line.' };
    else this.#key = null;
    return 'done';
  }
}
