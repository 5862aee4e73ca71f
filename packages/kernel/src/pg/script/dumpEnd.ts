/**
 * Whether the text of a dump is whole. Nothing else in it says so: cut between two statements, it reads like any script, and
 * what is cut off first are its policies and privileges, which stand last.
 */

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
const CLI_CLOSING = 'RESET ALL;';

/** A dump's heading stands in its first lines. */
const HEAD_BYTES = 8_192;

/** What people append to a dump is less than this. */
const TAIL_BYTES = 65_536;

/** Looks at how a text begins and ends while it passes. */
export class DumpEnd {
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #bytes = 0;

  /** The next part of the text, of whatever length. */
  take(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#head.length < HEAD_BYTES)
      this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
    const kept = Math.max(0, this.#tail.length + chunk.length - TAIL_BYTES);
    this.#tail = Buffer.concat([this.#tail.subarray(kept), chunk.subarray(-TAIL_BYTES)]);
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Why the text cannot be taken for a whole dump; null where it ends as one. */
  get missing(): string | null {
    const program = this.#program;
    const tail = linesOf(this.#tail);
    const last = tail.findLast(line => line !== '' && !line.startsWith('--')) ?? '';
    if (last === CLI_CLOSING) return null;
    // Two dumps may stand in one file: what closes the first does not close the second.
    const isClosed = ({ closing }: Program): boolean =>
      tail.lastIndexOf(closing) > Math.max(...PROGRAMS.map(({ opening }) => tail.lastIndexOf(opening)));
    if (program !== null)
      return isClosed(program)
        ? null
        : `it begins as ${program.program} begins a dump, and does not end with “${program.closing}”`;
    if (PROGRAMS.some(isClosed) || this.#isUnrestrictedBy(last)) return null;
    return `it does not end as pg_dump, pg_dumpall or the Supabase CLI end a dump (“${PROGRAMS[1].closing}”, or ${CLI_CLOSING})`;
  }

  /** Whether the text begins as pg_dump or pg_dumpall begin one. */
  get isDump(): boolean {
    return this.#program !== null;
  }

  get #program(): Program | null {
    const head = linesOf(this.#head);
    return PROGRAMS.find(({ opening }) => head.includes(opening)) ?? null;
  }

  /** \unrestrict with the key of the beginning: comments were taken out, and nothing of the rest. */
  #isUnrestrictedBy(line: string): boolean {
    const key = /^\\unrestrict (\w+)$/.exec(line)?.[1];
    return key !== undefined && linesOf(this.#head).includes(`\\restrict ${key}`);
  }
}

/** Without the blanks at their ends, as some editors and Windows leave them. */
function linesOf(bytes: Buffer): readonly string[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .map(line => line.trimEnd());
}
