import type { Cell, Field, Result } from '@peakstone/kernel/pg';
import { renderExpanded, rowCount, Table, type TableColumn } from '../output/table.ts';

/** For people, and for spreadsheets; JSON has a printer of its own. */
export type TextFormat = 'table' | 'expanded' | 'csv';

/** Turns results, which come in batches of rows, into text to write at once. */
export interface Printer {
  /** The next rows of the present result. */
  rows(rows: Rows, fields: readonly Field[]): string | Buffer;
  /** What follows the last row of the result; the next one may begin. */
  end(result: Result): string;
}

export type Rows = readonly (readonly Cell[])[];
export type Texts = readonly (string | null)[];

/** Rows of a table that are held to learn how wide its columns are: as many as this, or as long. */
const heldRows = 10_000;
const heldBytes = 4 * 1024 * 1024;

// int8, int2, int4, oid, float4, float8, money, numeric: psql aligns all of them to the right.
const rightAligned = new Set([20, 21, 23, 26, 700, 701, 790, 1700]);

/**
 * Prints results of any length in bounded memory. Rows of COPY TO STDOUT are the server's own bytes. Pure but for what it
 * remembers of a result.
 */
export class TextPrinter implements Printer {
  readonly #format: TextFormat;
  readonly #maxWidth: number;
  #count = 0;
  /** Rows of a table whose widths aren't known yet. */
  #held: Texts[] = [];
  #heldBytes = 0;
  #table: Table | null = null;
  #copied = false;

  /** `maxWidth`: of a table, in columns of the terminal. */
  constructor(format: TextFormat, maxWidth = Number.POSITIVE_INFINITY) {
    this.#format = format;
    this.#maxWidth = maxWidth;
  }

  rows(rows: Rows, fields: readonly Field[]): string | Buffer {
    if (fields.length === 0 && rows[0]?.length === 1) {
      this.#copied = true;
      return Buffer.concat(rows.map(row => row[0]!));
    }
    const before = this.#count;
    this.#count += rows.length;
    switch (this.#format) {
      case 'csv':
        return (before === 0 ? csvHeading(fields) : '') + rows.map(row => csvRow(textsOf(row))).join('');
      case 'expanded':
        return `${renderExpanded(columnsOf(fields), rows.map(textsOf), before)}\n`;
      case 'table':
        return this.#tableRows(rows, fields);
    }
  }

  end({ tag, fields }: Result): string {
    const text = this.#copied ? '' : this.#end(tag, fields);
    this.#count = 0;
    this.#held = [];
    this.#heldBytes = 0;
    this.#table = null;
    this.#copied = false;
    return text;
  }

  #end(tag: string, fields: readonly Field[]): string {
    const people = this.#format === 'table' || this.#format === 'expanded';
    // A command without rows: psql prints its tag; for programs there is nothing to read.
    if (fields.length === 0 && (this.#count === 0 || !tag.startsWith('SELECT')))
      return people ? `${tag}\n` : '';
    // INSERT … RETURNING prints its rows, then its tag; SHOW, EXPLAIN and FETCH do not.
    const tail = /^(?:INSERT|UPDATE|DELETE|MERGE)\b/.test(tag) ? `\n${tag}\n` : '\n';
    switch (this.#format) {
      case 'csv':
        return this.#count === 0 ? csvHeading(fields) : '';
      case 'expanded':
        return this.#count === 0 ? `(0 rows)\n${tail}` : tail;
      case 'table':
        return `${this.#table ? '' : this.#begin(fields)}${rowCount(this.#count)}\n${tail}`;
    }
  }

  #tableRows(rows: Rows, fields: readonly Field[]): string {
    if (this.#table) return tableRows(this.#table, rows.map(textsOf));
    for (const row of rows) {
      this.#held.push(textsOf(row));
      for (const cell of row) this.#heldBytes += cell?.length ?? 0;
    }
    const enough = this.#held.length >= heldRows || this.#heldBytes >= heldBytes;
    return enough ? this.#begin(fields) : '';
  }

  /** Heading and the rows held back. */
  #begin(fields: readonly Field[]): string {
    const table = new Table(columnsOf(fields), this.#held, this.#maxWidth);
    const text = `${table.heading().join('\n')}\n${tableRows(table, this.#held)}`;
    this.#table = table;
    this.#held = [];
    return text;
  }
}

function tableRows(table: Table, rows: readonly Texts[]): string {
  return rows.map(row => `${table.row(row).join('\n')}\n`).join('');
}

function columnsOf(fields: readonly Field[]): TableColumn[] {
  return fields.map(({ name, typeOid }) => ({
    name,
    align: rightAligned.has(typeOid) ? 'right' : 'left',
  }));
}

export function textsOf(row: readonly Cell[]): Texts {
  return row.map(cell => cell?.toString() ?? null);
}

function csvHeading(fields: readonly Field[]): string {
  return csvRow(fields.map(field => field.name));
}

function csvRow(texts: Texts): string {
  return `${texts.map(csvCell).join(',')}\n`;
}

/** As COPY … CSV: null is nothing, an empty text is quoted. */
function csvCell(text: string | null): string {
  if (text === null) return '';
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
