/**
 * Whether a dump is whole. Nothing else in it says so: cut between two statements, it reads like any script, and what is cut
 * off first are its policies and privileges, which stand last. Only what the parser finds outside of statements and rows
 * counts: whoever may write a row could write a dump's last line into it.
 */
import { leadingComments } from './lex.ts';
import { Restriction } from './restriction.ts';
import type { MetaLine, Statement } from './split.ts';

/** How the programs that write dumps begin and end them. */
const PROGRAMS = [
  {
    program: 'pg_dumpall',
    opening: '-- PostgreSQL database cluster dump',
    closing: '-- PostgreSQL database cluster dump complete',
  },
  {
    program: 'pg_dump',
    opening: '-- PostgreSQL database dump',
    closing: '-- PostgreSQL database dump complete',
  },
] as const;

type Program = (typeof PROGRAMS)[number];

/** What the Supabase CLI writes last, behind a dump of which it takes the comments out. */
const CLI_CLOSING = 'RESET ALL';

/** Looks at a script's comments and pieces while it is read. @see readScript */
export class DumpEnd {
  readonly #restriction = new Restriction();
  /** What has begun and not ended: within a dump of pg_dumpall there is one of pg_dump for each database. */
  readonly #open: Program[] = [];
  #isDump = false;
  #isClosed = false;
  #last: 'CLI closing' | 'unrestricted' | 'other' = 'other';

  /** A line that is nothing but a comment, outside of statements and rows. */
  takeComment(line: string): void {
    const text = line.trimEnd();
    for (const program of PROGRAMS)
      if (text === program.opening) {
        this.#isDump = true;
        this.#open.push(program);
      } else if (text === program.closing) {
        // Somebody may have taken the heading off.
        if (this.#open.length === 0) this.#isClosed = true;
        else if (this.#open.at(-1) === program) {
          this.#open.pop();
          this.#isClosed = true;
        }
      }
  }

  takePiece(piece: Pick<Statement, 'kind' | 'text' | 'endedBy'> | Pick<MetaLine, 'kind' | 'text'>): void {
    const wasRestricted = this.#restriction.isOn;
    this.#restriction.take(piece);
    if (wasRestricted && !this.#restriction.isOn) this.#last = 'unrestricted';
    else if (piece.kind === 'statement' && piece.text.slice(leadingComments(piece.text)) === CLI_CLOSING)
      this.#last = 'CLI closing';
    else this.#last = 'other';
  }

  /** Why the script cannot be taken for a whole dump; null where it ends as one. Known when all of it was read. */
  get missing(): string | null {
    const [begun] = this.#open;
    if (this.#restriction.isOn && begun === undefined)
      return 'it does not end with the \\unrestrict that belongs to its \\restrict';
    if (this.#last === 'CLI closing' && !this.#restriction.isOn) return null;
    if (begun !== undefined)
      return `it begins as ${begun.program} begins a dump, and does not end with “${begun.closing}”`;
    if (this.#isClosed || this.#last === 'unrestricted') return null;
    return `it does not end as pg_dump, pg_dumpall or the Supabase CLI end a dump (“${PROGRAMS[1].closing}”, or ${CLI_CLOSING};)`;
  }

  /** Whether there is anything in it that pg_dump or pg_dumpall begin a dump with. */
  get isDump(): boolean {
    return this.#isDump;
  }
}
