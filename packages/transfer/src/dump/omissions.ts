/** What a dump does not hold of its database, and in which words that is told. Pure. */

export interface Omission {
  /** Its kind and name: `operator family other.strange`, `rows of shop.secrets`. */
  readonly what: string;
  /** A kind that only those who write extensions make; what this login may not read; what is said of the database itself. */
  readonly why: 'unsupported' | 'unreadable' | 'database';
}

export interface OmissionWords {
  readonly why: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Why something was left, and what to do about it. */
export const OMISSION_WORDS: Readonly<Record<Omission['why'], OmissionWords>> = {
  unsupported: {
    why: 'only those who write extensions make such',
    remedy: 'PostgreSQL’s own pg_dump has such.',
  },
  unreadable: {
    why: 'this login may not read it',
    remedy: 'Name a login that may, as a superuser or the owner.',
  },
  database: {
    why: 'it is said of the database by its name, and a dump goes into any',
    remedy: 'Where it shall hold there too, its administrator says it.',
  },
};

/** In a sentence. Pure. */
export function describeOmission({ what, why }: Omission): string {
  return `${what}: ${OMISSION_WORDS[why].why}`;
}
