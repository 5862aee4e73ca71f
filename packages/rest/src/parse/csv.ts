/**
 * CSV bodies as JSON rows.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#bulk-insert
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
import { requestErrors } from '../errors.ts';

/**
 * A header line and records, as a JSON array of objects whose values are strings, or null for a bare or quoted `NULL`.
 * Blank lines are skipped; fields beyond the header are dropped.
 * @throws {RestError} PGRST102 when there is no header, a quote is not closed, or a line has too few fields.
 */
export function csvToJson(body: Buffer): { readonly json: Buffer; readonly keys: readonly string[] } {
  const records = readRecords(body.toString('utf8'));
  const header = records.next().value;
  if (header === undefined) throw requestErrors.invalidBody('parse error (not enough input) at ""');
  const names = new Map(header.map((name, index) => [name, index]));
  const columns = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  const labels = columns.map(([name]) => `${JSON.stringify(name)}:`);
  const rows: string[] = [];
  for (const record of records) {
    if (record.length < header.length) {
      throw requestErrors.invalidBody('All lines must have same number of fields');
    }
    const row = columns.map(([, index], i) => {
      const value = record[index]!;
      return labels[i] + (value === 'NULL' ? 'null' : JSON.stringify(value));
    });
    rows.push(`{${row.join(',')}}`);
  }
  return {
    json: Buffer.from(`[${rows.join(',')}]`),
    keys: rows.length === 0 ? [] : columns.map(([name]) => name),
  };
}

/** Records as they are read; a field is quoted whole or not at all. */
function* readRecords(text: string): Generator<string[], undefined> {
  let at = 0;
  while (at < text.length) {
    if (isLineEnd(text, at)) {
      at++;
      continue;
    }
    const record: string[] = [];
    for (;;) {
      const end = text[at] === '"' ? endOfQuoted(text, at) : endOfBare(text, at);
      if (end < text.length && text[end] !== ',' && !isLineEnd(text, end)) throw unreadable(text, end);
      const isQuoted = text[at] === '"';
      record.push(isQuoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end));
      at = end;
      if (text[at] !== ',') break;
      at++;
    }
    yield record;
  }
  return undefined;
}

const isLineEnd = (text: string, at: number): boolean => text[at] === '\n' || text[at] === '\r';

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
  requestErrors.invalidBody(`parse error (Failed reading: satisfy) at ${excerpt(text, at)}`);

const excerpt = (text: string, at: number): string => {
  const rest = text.slice(at, at + 50);
  return JSON.stringify(rest.length < text.length - at ? `${rest}…` : rest);
};
