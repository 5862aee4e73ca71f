import type { PgErrorFields } from '@peakstone/kernel/pg';
import { displayWidth } from '../output/width.ts';
import type { CopyRows } from './split.ts';

/** Columns of a line that are shown around the position, as psql does for long lines. */
const maxLineWidth = 100;

/**
 * A server error or notice as psql prints it, with the line and a caret under the place. Ends with a newline. Pure.
 * @param text the SQL that was sent, on which the error's position counts.
 * @param line lines of the script before it.
 * @param rows those of the COPY that was under way, one of which the context may blame.
 */
export function renderSqlError(
  fields: PgErrorFields,
  text = '',
  line = 0,
  rows: CopyRows | null = null,
): string {
  const lines = [`${fields.severity}:  ${fields.message}`];
  if (rows) lines.push(...blamedRow(fields, rows));
  if (fields.position && text !== '') lines.push(...pointAt(text, Number(fields.position), line));
  if (fields.detail) lines.push(`DETAIL:  ${fields.detail}`);
  if (fields.hint) lines.push(`HINT:  ${fields.hint}`);
  if (fields.where) lines.push(`CONTEXT:  ${fields.where}`);
  return `${lines.join('\n')}\n`;
}

/** A notice as psql prints it, which shows where it comes from for errors only. Ends with a newline. Pure. */
export function renderSqlNotice({ where: _, ...fields }: PgErrorFields): string {
  return renderSqlError(fields);
}

/** `position` counts characters (not UTF-16 units) from 1. */
function pointAt(text: string, position: number, line: number): string[] {
  const characters = [...text];
  const before = characters.slice(0, position - 1);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = characters.indexOf('\n', lineStart);
  const shown = characters
    .slice(lineStart, lineEnd < 0 ? undefined : lineEnd)
    .map(character => (character === '\t' ? ' ' : character));
  const column = position - 1 - lineStart;
  const from = Math.max(0, Math.min(column - Math.floor(maxLineWidth / 2), shown.length - maxLineWidth));
  const part = shown.slice(from, from + maxLineWidth).join('');
  const number = line + before.filter(character => character === '\n').length + 1;
  const head = `LINE ${number}: ${from > 0 ? '…' : ''}`;
  const caretAt = displayWidth(head) + displayWidth(shown.slice(from, column).join(''));
  return [`${head}${part}${from + maxLineWidth < shown.length ? '…' : ''}`, `${' '.repeat(caretAt)}^`];
}

/** The server counts rows from the COPY on; whoever looks for the row counts lines from the start of the script. */
function blamedRow({ where = '' }: PgErrorFields, rows: CopyRows): string[] {
  const number = Number(/^COPY .*?, line (\d+)/m.exec(where)?.[1] ?? 0);
  if (number === 0) return [];
  let start = 0;
  for (let line = 1; line < number; line++) {
    const next = rows.text.indexOf('\n', start);
    if (next < 0) return [];
    start = next + 1;
  }
  const end = rows.text.indexOf('\n', start);
  const row = rows.text.slice(start, end < 0 ? undefined : end);
  const shown = [...row.slice(0, 4 * maxLineWidth)].map(character => (character < ' ' ? ' ' : character));
  const cut = shown.length > maxLineWidth;
  return [`LINE ${rows.line + number}: ${shown.slice(0, maxLineWidth).join('')}${cut ? '…' : ''}`];
}
