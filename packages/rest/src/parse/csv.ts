/**
 * CSV bodies as JSON rows.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#bulk-insert
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
import { requestErrors } from '../errors.ts';
import { showText } from './trace.ts';

/**
 * A header line and records, as a JSON array of objects whose values are strings, or null for a bare or quoted `NULL`.
 * Blank lines after the header are skipped; fields beyond the header are dropped, and columns that all lines lack.
 * @throws {RestError} PGRST102 when the header's line does not end, a quote is not closed, or lines differ in their columns.
 */
export function csvToJson(body: Buffer): { readonly json: Buffer; readonly keys: readonly string[] } {
  const text = body.toString('utf8');
  const header = readRecord(text, 0);
  if (header.end === text.length) throw requestErrors.invalidBody('parse error (not enough input) at ""');
  let layout: Layout | null = null;
  const rows: string[] = [];
  for (let at = pastLineEnd(text, header.end); at < text.length; ) {
    const { fields, end } = readRecord(text, at);
    const isBlank = end === at;
    at = pastLineEnd(text, end);
    if (isBlank) continue;
    const width = Math.min(fields.length, header.fields.length);
    layout ??= layoutOf(header.fields.slice(0, width));
    if (layout.width !== width) {
      throw requestErrors.invalidBody('All lines must have same number of fields');
    }
    const row = layout.columns.map(({ label, index }) => {
      const value = fields[index]!;
      return label + (value === 'NULL' ? 'null' : JSON.stringify(value));
    });
    rows.push(`{${row.join(',')}}`);
  }
  return {
    json: Buffer.from(`[${rows.join(',')}]`),
    keys: layout === null ? [] : layout.columns.map(({ name }) => name),
  };
}

/** Which fields of a line are which columns, sorted by name; of columns of one name the last counts. */
interface Layout {
  readonly width: number;
  readonly columns: readonly { readonly name: string; readonly label: string; readonly index: number }[];
}

function layoutOf(names: readonly string[]): Layout {
  const columns = [...new Map(names.map((name, index) => [name, index]))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, index]) => ({ name, label: `${JSON.stringify(name)}:`, index }));
  return { width: names.length, columns };
}

/** The fields of one line, each quoted whole or not at all; `end` is where the line's end stands, or the text's. */
function readRecord(text: string, from: number): { readonly fields: string[]; readonly end: number } {
  const fields: string[] = [];
  for (let at = from; ; at++) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? endOfQuoted(text, at) : endOfBare(text, at);
    if (end < text.length && text[end] !== ',' && !isLineEnd(text, end)) throw unreadable(text, end);
    fields.push(isQuoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end));
    if (text[end] !== ',') return { fields, end };
    at = end;
  }
}

const isLineEnd = (text: string, at: number): boolean => text[at] === '\n' || text[at] === '\r';

const pastLineEnd = (text: string, at: number): number => at + (text.startsWith('\r\n', at) ? 2 : 1);

/** Past the closing quote. */
function endOfQuoted(text: string, from: number): number {
  for (let at = from + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at < 0) throw unreadable(text, from);
    if (text[at + 1] !== '"') return at + 1;
  }
}

function endOfBare(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ',' && text[at] !== '"' && !isLineEnd(text, at)) at++;
  return at;
}

const unreadable = (text: string, at: number): Error =>
  requestErrors.invalidBody(`parse error (Failed reading: satisfy) at ${excerpt(text.slice(at))}`);

/** Bytes shown, or the first of many as they are. */
function excerpt(rest: string): string {
  const bytes = Buffer.from(rest);
  return bytes.length > MAX_SHOWN
    ? `${bytes.toString('utf8', 0, MAX_SHOWN)} (truncated)`
    : showText(bytes.toString('latin1'));
}

const MAX_SHOWN = 100;
