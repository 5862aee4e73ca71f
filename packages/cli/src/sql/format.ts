import type { Result } from '@peakstone/kernel/pg';
import { renderExpanded, renderTable, type TableColumn } from '../output/table.ts';

export type SqlFormat = 'table' | 'expanded' | 'json' | 'csv';

const oids = {
  bool: 16,
  json: 114,
  jsonb: 3802,
  // int8, int2, int4, oid, float4, float8, money, numeric: psql aligns all of them to the right.
  right: new Set([20, 21, 23, 26, 700, 701, 790, 1700]),
  numbers: new Set([20, 21, 23, 26, 700, 701, 1700]),
};

/**
 * One statement's result as parts to write one after the other, the last of which ends with a newline; none when the
 * format shows nothing for it. Rows of COPY TO STDOUT are the server's own bytes in every format. Pure.
 */
export function formatResult(result: Result, format: SqlFormat): readonly (string | Buffer)[] {
  if (result.fields.length === 0 && result.tag.startsWith('COPY') && result.rows.length > 0)
    return result.rows.map(row => row[0]!);
  const text = formatRows(result, format);
  return text === '' ? [] : [text];
}

function formatRows(result: Result, format: SqlFormat): string {
  const { fields, rows, tag } = result;
  if (fields.length === 0 && !tag.startsWith('SELECT')) {
    // A command without rows: psql prints its tag; for programs there is nothing to read.
    return format === 'table' || format === 'expanded' ? `${tag}\n` : '';
  }
  switch (format) {
    case 'json':
      return jsonRows(result);
    case 'csv':
      return `${[fields.map(field => csvCell(field.name)), ...rows.map(row => row.map(cell => csvCell(cell?.toString() ?? null)))].map(row => row.join(',')).join('\n')}\n`;
    case 'table':
    case 'expanded': {
      const columns = fields.map(
        ({ name, typeOid }): TableColumn => ({ name, align: oids.right.has(typeOid) ? 'right' : 'left' }),
      );
      const texts = rows.map(row => row.map(cell => cell?.toString() ?? null));
      const body = format === 'table' ? renderTable(columns, texts) : renderExpanded(columns, texts);
      // INSERT … RETURNING prints its rows, then its tag; SHOW, EXPLAIN and FETCH do not.
      return /^(?:INSERT|UPDATE|DELETE|MERGE)\b/.test(tag) ? `${body}\n\n${tag}\n` : `${body}\n\n`;
    }
  }
}

/** An array with one object a line: easy on the eye, and on a line-based tool. */
function jsonRows({ fields, rows }: Result): string {
  if (rows.length === 0) return '[]\n';
  const names = fields.map(field => JSON.stringify(field.name));
  const objects = rows.map(
    row =>
      `{${row.map((cell, index) => `${names[index]}:${jsonCell(cell?.toString() ?? null, fields[index]!.typeOid)}`).join(',')}}`,
  );
  return `[${objects.join(',\n ')}]\n`;
}

function jsonCell(text: string | null, typeOid: number): string {
  if (text === null) return 'null';
  if (typeOid === oids.bool) return text === 't' ? 'true' : 'false';
  if (typeOid === oids.json || typeOid === oids.jsonb) return text;
  // As PostgreSQL writes it, so that no digit of a bigint or numeric is lost; NaN and Infinity are not JSON.
  if (oids.numbers.has(typeOid) && /^-?\d/.test(text)) return text;
  return JSON.stringify(text);
}

/** As COPY … CSV: null is nothing, an empty text is quoted. */
function csvCell(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
