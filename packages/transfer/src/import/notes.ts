/** What an import says of what it did not take over as it stood. */

/** One thing, and why. */
export interface Note {
  /**
   * `aside`: left out; `changed`: taken over in another form; `kept`: the stack's own stays; `failed`: the server refused
   * it; `warning`: taken over, and to be looked at.
   */
  readonly kind: 'aside' | 'changed' | 'kept' | 'failed' | 'warning';
  /** What kind of thing: `event trigger`, `extension` … */
  readonly what: string;
  readonly name: string;
  readonly why: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** Where the dump says it. */
  readonly at?: string;
  /** PostgreSQL's code, of what the server refused. */
  readonly code?: string;
  /** What a statement that was refused would have made, by its name without a schema. */
  readonly makes?: string;
}

export interface ImportReport {
  readonly source: readonly string[];
  readonly dryRun: boolean;
  /** By `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  /** What was made, by kind: `table`, `policy` … */
  readonly made: Readonly<Record<string, number>>;
  readonly notes: readonly Note[];
  /** Tables that requests without a login may change, as no row security is on. */
  readonly openTables: readonly string[];
}

/** Gathers what is to be told, each thing once. */
export class Notes {
  readonly #notes = new Map<string, Note>();

  add(note: Note): void {
    const key = [note.kind, note.what, note.name, note.why].join('\0');
    if (!this.#notes.has(key)) this.#notes.set(key, note);
  }

  get all(): readonly Note[] {
    return [...this.#notes.values()];
  }
}
