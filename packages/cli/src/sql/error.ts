import type { PgErrorFields } from '@peakstone/kernel/pg';
import { leadingComments } from '@peakstone/kernel/script';
import { printable } from '../output/printable.ts';
import { displayWidth } from '../output/width.ts';

/** Columns of a line that are shown around the position, as psql does for long lines. */
const maxLineWidth = 100;

/** The statement that failed, and where it stands. */
export interface Failed {
  /** As the user named it; null for text that has no name. */
  readonly file: string | null;
  /** What was sent, on which the error's position counts. */
  readonly text: string;
  /** Lines of the script before it, and characters of its line. */
  readonly line: number;
  readonly column: number;
  /** That of the COPY that was under way, which the context blames, and its line in the script. */
  readonly row?: { readonly line: number; readonly text: string } | null;
}

/** Where in the script an error is, both from 1, and the line there. */
export interface ErrorLocation {
  readonly line: number;
  readonly column: number;
  readonly shown: string;
  /** Where in `shown` the caret goes; null when only the statement is known, or the row. */
  readonly caret: number | null;
}

/** The row that a COPY stopped at, or the position that the server names, or where the statement begins. Pure. */
export function locateError(fields: PgErrorFields, failed: Failed): ErrorLocation {
  if (failed.row) return locateRow(failed.row);
  const position = Number(fields.position ?? 0);
  const characters = [...failed.text];
  const at = position > 0 ? position - 1 : [...failed.text.slice(0, leadingComments(failed.text))].length;
  const before = characters.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = characters.indexOf('\n', lineStart);
  const text = characters.slice(lineStart, lineEnd < 0 ? undefined : lineEnd);
  const newlines = before.filter(character => character === '\n').length;
  return {
    line: failed.line + newlines + 1,
    column: at - lineStart + 1 + (newlines === 0 ? failed.column : 0),
    shown: text.map(character => (character < ' ' ? ' ' : character)).join(''),
    caret: position > 0 ? at - lineStart : null,
  };
}

/**
 * A server error as psql prints it: with the line, and a caret under the place; of a file, with its name first, as
 * compilers do it, so that editors find the place. Ends with a newline. Pure.
 */
export function renderSqlError(fields: PgErrorFields, failed: Failed): string {
  const location = locateError(fields, failed);
  const named = failed.file === null ? '' : `${failed.file}:${location.line}:${location.column}: `;
  // Of one line that was just typed there is nothing to find.
  const found = location.caret !== null || failed.file !== null || location.line > 1;
  return renderFields(fields, named, found ? pointAt(location) : []);
}

/** A notice as psql prints it, which shows where it comes from for errors only. Ends with a newline. Pure. */
export function renderSqlNotice({ where: _, ...fields }: PgErrorFields): string {
  return renderFields(fields, '', []);
}

function renderFields(fields: PgErrorFields, named: string, excerpt: readonly string[]): string {
  const lines = [`${named}${fields.severity}:  ${fields.message}`, ...excerpt];
  if (fields.detail) lines.push(`DETAIL:  ${fields.detail}`);
  if (fields.hint) lines.push(`HINT:  ${fields.hint}`);
  if (fields.where) lines.push(`CONTEXT:  ${fields.where}`);
  return printable(`${lines.join('\n')}\n`);
}

function pointAt({ line, shown: text, caret }: ErrorLocation): string[] {
  const shown = [...text];
  const at = caret ?? 0;
  const from = Math.max(0, Math.min(at - Math.floor(maxLineWidth / 2), shown.length - maxLineWidth));
  const part = shown.slice(from, from + maxLineWidth).join('');
  const head = `LINE ${line}: ${from > 0 ? '…' : ''}`;
  const lines = [`${head}${part}${from + maxLineWidth < shown.length ? '…' : ''}`];
  if (caret === null) return lines;
  const caretAt = displayWidth(head) + displayWidth(shown.slice(from, caret).join(''));
  return [...lines, `${' '.repeat(caretAt)}^`];
}

/** The number, from 1, of the row that a COPY stopped at. Pure. */
export function blamedRow({ where = '' }: PgErrorFields): number | null {
  const number = Number(/^COPY .*?, line (\d+)/m.exec(where)?.[1] ?? 0);
  return number === 0 ? null : number;
}

/** The server counts rows from the COPY on; whoever looks for the row counts lines from the start of the script. */
function locateRow({ line, text }: { readonly line: number; readonly text: string }): ErrorLocation {
  const shown = [...text.slice(0, 4 * maxLineWidth)].map(character => (character < ' ' ? ' ' : character));
  return { line, column: 1, shown: shown.join(''), caret: null };
}
