import { leadingComments, type Piece, splitScript } from '@peakstone/kernel/script';
import { readDirective } from './directive.ts';
import { ScanError, type ScannedStatement, scanStatements } from './scanner.ts';
import { skipSpace, trimSpace } from './space.ts';

/** Changes when texts, and so their hashes, do; histories tell it beside each migration. */
export const splitterVersion = 1;

/** One statement of a migration, as it is sent, and as its hash is made. */
export interface MigrationStatement {
  /** With its semicolon. */
  readonly text: string;
  /** UTF-16 units of the file before it. */
  readonly start: number;
  /** Both from 1, for people and editors. */
  readonly line: number;
  readonly column: number;
  /** The comments right above it, where directives such as `atlas:nolint` stand. */
  readonly comments: readonly string[];
}

export interface MigrationSplit {
  readonly statements: readonly MigrationStatement[];
  /**
   * Who cut it: Atlas' rules wherever they lead to statements that PostgreSQL could take, else PostgreSQL's own. The second
   * kind no Atlas can apply.
   */
  readonly by: 'atlas' | 'postgres';
  /** Everything in it as psql would take it: rows of COPY and lines for psql, too. */
  readonly pieces: readonly Piece[];
}

/**
 * Cuts a migration into its statements. Texts are Atlas' to the letter wherever Atlas could run the file, as its revisions
 * table holds their hashes. Pure.
 * @example splitMigration("select 1;\nselect E'\\';'").statements.map(({ line }) => line) // [1, 2]
 */
export function splitMigration(text: string): MigrationSplit {
  const pieces = splitScript(text);
  const scanned = scanAsAtlas(text, pieces);
  const statements =
    scanned ?? pieces.flatMap(piece => (piece.kind === 'statement' ? [cut(text, piece)] : []));
  return { statements: place(text, statements), by: scanned ? 'atlas' : 'postgres', pieces };
}

/**
 * Cuts a migration by Atlas' rules, where they lead anywhere, or as psql does: then comments stand with the statement below
 * them, and no semicolon. Pure.
 */
export function splitFile(text: string, by: 'atlas' | 'postgres'): MigrationSplit {
  if (by === 'atlas') return splitMigration(text);
  const pieces = splitScript(text);
  const statements = pieces.flatMap(piece =>
    piece.kind === 'statement'
      ? [
          {
            text: piece.text,
            start: piece.start,
            line: piece.line + 1,
            column: piece.column + 1,
            comments: [],
          },
        ]
      : [],
  );
  return { statements, by, pieces };
}

/** Null where its cuts lie within what PostgreSQL takes as one, or where it takes for a comment what PostgreSQL would run. */
function scanAsAtlas(text: string, pieces: readonly Piece[]): readonly ScannedStatement[] | null {
  let scanned: readonly ScannedStatement[];
  try {
    scanned = scanStatements(text);
  } catch (error) {
    if (error instanceof ScanError) return null;
    throw error;
  }
  // Whoever chooses a delimiter says where to cut.
  if (scanned.some(({ text: statement, end }) => !statement.endsWith(';') && end < text.length))
    return scanned;
  if (readDirective(text, '-- ')?.name === 'delimiter') return scanned;
  let next = 0;
  for (const { end } of scanned) {
    while (next < pieces.length && pieces[next]!.end <= end) next++;
    const piece = pieces[next];
    if (piece?.kind === 'statement' && piece.start < end && end < text.length) return null;
  }
  return leavesOut(text, scanned, pieces) ? null : scanned;
}

/** Whether a statement begins in none of those that were scanned: a carriage return ends a comment for PostgreSQL alone. */
function leavesOut(text: string, scanned: readonly ScannedStatement[], pieces: readonly Piece[]): boolean {
  let at = 0;
  return pieces.some(piece => {
    if (piece.kind !== 'statement') return false;
    const begin = skipSpace(text, piece.start + leadingComments(piece.text));
    while (at < scanned.length && scanned[at]!.end <= begin) at++;
    return at === scanned.length || scanned[at]!.start > begin;
  });
}

/** A statement of psql's as Atlas would have cut it. */
function cut(text: string, { start, end }: Piece): ScannedStatement {
  const raw = text.slice(start, end);
  const comments = leadingComments(raw);
  const above = raw.slice(0, comments).split(/(?<=\n)/);
  const parted = above.findLastIndex(line => line.trim() === '' && line.endsWith('\n'));
  return {
    text: trimSpace(raw.slice(comments)),
    start: start + comments,
    end,
    comments: above.slice(parted + 1).filter(line => line.trim() !== ''),
  };
}

function place(text: string, statements: readonly ScannedStatement[]): readonly MigrationStatement[] {
  let line = 1;
  let lineStart = 0;
  return statements.map(({ text: statement, start, comments }) => {
    for (let next = text.indexOf('\n', lineStart); next >= 0 && next < start; ) {
      line++;
      lineStart = next + 1;
      next = text.indexOf('\n', lineStart);
    }
    return { text: statement, start, line, column: start - lineStart + 1, comments };
  });
}
