import { printable } from './printable.ts';
import { displayWidth } from './width.ts';

/** A column is not made narrower than this, however narrow the terminal is. */
const leastWidth = 12;

export interface TableColumn {
  readonly name: string;
  readonly align: 'left' | 'right';
}

type Rows = readonly (readonly (string | null)[])[];

/**
 * Rows as psql's aligned format prints them: centred headings, ` | ` between columns, `+` where a value goes on in the
 * next line. Null is empty. Pure.
 *
 * Columns are as wide as the first rows need; wider values further down push what follows them to the right. With a
 * `maxWidth` the widest columns of text are made narrower, and their values go on in the next line.
 * @see https://www.postgresql.org/docs/17/app-psql.html#APP-PSQL-META-COMMAND-PSET-FORMAT
 */
export class Table {
  readonly #columns: readonly TableColumn[];
  readonly #heads: readonly (readonly string[])[];
  readonly #widths: readonly number[];
  readonly #wraps: boolean;

  constructor(columns: readonly TableColumn[], firstRows: Rows, maxWidth = Number.POSITIVE_INFINITY) {
    this.#columns = columns;
    this.#heads = columns.map(column => printable(column.name).split('\n'));
    const cells = firstRows.map(cellsOf);
    const natural = columns.map((_, index) =>
      Math.max(...this.#heads[index]!.map(displayWidth), ...maxOf(cells, index)),
    );
    this.#widths = fitWidths(natural, columns, maxWidth);
    this.#wraps = this.#widths.some((width, index) => width < natural[index]!);
  }

  /** Headings and the rule below them, a line each. */
  heading(): string[] {
    return [
      ...this.#lines(this.#heads, (text, index) => centre(text, this.#widths[index]!)),
      this.#widths.map(width => '-'.repeat(width + 2)).join('+'),
    ];
  }

  /** One row, in one line or several. */
  row(values: Rows[number]): string[] {
    const cells = cellsOf(values);
    const parts = this.#wraps
      ? cells.map((lines, index) => lines.flatMap(line => wrapCell(line, this.#widths[index]!)))
      : cells;
    return this.#lines(parts, (text, index) => {
      const fill = ' '.repeat(Math.max(0, this.#widths[index]! - displayWidth(text)));
      return this.#columns[index]!.align === 'right' ? fill + text : text + fill;
    });
  }

  #lines(parts: readonly (readonly string[])[], place: (text: string, index: number) => string): string[] {
    const last = this.#columns.length - 1;
    const height = Math.max(1, ...parts.map(part => part.length));
    return Array.from({ length: height }, (_, row) =>
      parts
        .map((part, index) => {
          const more = row < part.length - 1;
          const text = place(part[row] ?? '', index);
          return index === last && !more ? ` ${text}`.trimEnd() : ` ${text}${more ? '+' : ' '}`;
        })
        .join('|'),
    );
  }
}

/** Narrows the widest columns of text, one after the other, until the table fits or none can give more. */
function fitWidths(
  natural: readonly number[],
  columns: readonly TableColumn[],
  maxWidth: number,
): readonly number[] {
  const widths = [...natural];
  // Three between columns, and one at the left.
  const total = (): number => widths.reduce((sum, width) => sum + width + 3, -1);
  while (total() > maxWidth) {
    let widest = -1;
    columns.forEach(({ align }, index) => {
      const wide = align === 'left' && widths[index]! > leastWidth;
      if (wide && (widest < 0 || widths[index]! > widths[widest]!)) widest = index;
    });
    if (widest < 0) break;
    const others = widths.filter((_, index) => index !== widest && columns[index]!.align === 'left');
    const next = Math.max(leastWidth, ...others.filter(width => width < widths[widest]!));
    widths[widest] = Math.max(widths[widest]! - (total() - maxWidth), Math.min(next, widths[widest]! - 1));
  }
  return widths;
}

/** Breaks after spaces and commas where there are some, else anywhere. */
function wrapCell(text: string, width: number): string[] {
  if (displayWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/[^\s,]+,?\s*|[\s,]+/g) ?? []) {
    if (displayWidth(line + word.trimEnd()) > width && line !== '') {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
    while (displayWidth(line.trimEnd()) > width) {
      const characters = [...line];
      let fits = characters.length - 1;
      while (fits > 1 && displayWidth(characters.slice(0, fits).join('')) > width) fits--;
      lines.push(characters.slice(0, fits).join(''));
      line = characters.slice(fits).join('');
    }
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines;
}

/** The line below a table. Pure. */
export function rowCount(rows: number): string {
  return `(${rows} ${rows === 1 ? 'row' : 'rows'})`;
}

/**
 * One block a row, one line a column, as psql's expanded mode. Pure.
 * @param before rows shown already.
 */
export function renderExpanded(columns: readonly TableColumn[], rows: Rows, before = 0): string {
  const width = Math.max(...columns.map(column => displayWidth(column.name)));
  return rows
    .map((row, index) => {
      const head = `-[ RECORD ${before + index + 1} ]`;
      const lines = columns.map(({ name }, at) => {
        const value = printable(row[at] ?? '')
          .split('\n')
          .join(`\n${' '.repeat(width)} | `);
        return `${name}${' '.repeat(width - displayWidth(name))} | ${value}`.trimEnd();
      });
      return [head.padEnd(width + 3, '-'), ...lines].join('\n');
    })
    .join('\n');
}

function cellsOf(row: Rows[number]): string[][] {
  return row.map(value => printable(value ?? '').split('\n'));
}

// Not Math.max(...) over all rows: a hundred thousand arguments overflow the stack.
function maxOf(cells: readonly (readonly (readonly string[])[])[], column: number): [number] {
  let max = 0;
  for (const row of cells) for (const line of row[column] ?? []) max = Math.max(max, displayWidth(line));
  return [max];
}

function centre(text: string, width: number): string {
  const fill = width - displayWidth(text);
  const left = Math.floor(fill / 2);
  return ' '.repeat(left) + text + ' '.repeat(fill - left);
}
