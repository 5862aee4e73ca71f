import { displayWidth } from './width.ts';

export interface TableColumn {
  readonly name: string;
  readonly align: 'left' | 'right';
}

/**
 * Rows as psql's aligned format prints them: centred headings, ` | ` between columns, `+` where a value goes on in the
 * next line. Null is empty. Ends without a newline. Pure.
 * @see https://www.postgresql.org/docs/17/app-psql.html#APP-PSQL-META-COMMAND-PSET-FORMAT
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | null)[])[],
): string {
  const heads = columns.map(column => printable(column.name).split('\n'));
  const cells = rows.map(row => row.map(value => printable(value ?? '').split('\n')));
  const widths = columns.map((_, index) =>
    Math.max(...heads[index]!.map(displayWidth), ...maxOf(cells, index)),
  );
  const lines: string[] = [];
  const last = columns.length - 1;
  const add = (
    parts: readonly (readonly string[])[],
    place: (text: string, index: number) => string,
  ): void => {
    const height = Math.max(1, ...parts.map(part => part.length));
    for (let row = 0; row < height; row++) {
      const line = parts.map((part, index) => {
        const more = row < part.length - 1;
        const text = place(part[row] ?? '', index);
        return index === last && !more ? ` ${text}`.trimEnd() : ` ${text}${more ? '+' : ' '}`;
      });
      lines.push(line.join('|'));
    }
  };
  add(heads, (text, index) => centre(text, widths[index]!));
  lines.push(widths.map(width => '-'.repeat(width + 2)).join('+'));
  for (const row of cells) {
    add(row, (text, index) => {
      const fill = ' '.repeat(widths[index]! - displayWidth(text));
      return columns[index]!.align === 'right' ? fill + text : text + fill;
    });
  }
  lines.push(`(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
  return lines.join('\n');
}

/** One block a row, one line a column, as psql's expanded mode. Pure. */
export function renderExpanded(
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | null)[])[],
): string {
  if (rows.length === 0) return '(0 rows)';
  const width = Math.max(...columns.map(column => displayWidth(column.name)));
  return rows
    .map((row, index) => {
      const head = `-[ RECORD ${index + 1} ]`;
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

/** Data must not move the cursor or change colours: control characters are shown as escapes. */
function printable(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, c =>
      c === '\t' ? '    ' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
}
