import { displayWidth } from './width.ts';

/** Between two columns. */
const gap = '  ';

/**
 * Cells under one another, a line a row: every column but the last is as wide as its widest cell. Cells may be coloured;
 * what others wrote in them must be `printable`, without line feeds. Pure.
 * @example renderGrid([['a', 'first'], ['long', 'second']]) // ['a     first', 'long  second']
 */
export function renderGrid(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.map(row => joinCells(row, widths).trimEnd());
}

/** The same with something below a row, under its last column. Pure. */
export function renderNotedGrid(
  rows: readonly {
    readonly cells: readonly string[];
    readonly below: (width: number) => readonly string[];
  }[],
  width: number,
): string[] {
  const widths = columnWidths(rows.map(({ cells }) => cells));
  return rows.flatMap(({ cells, below }) => {
    const indent = widths.slice(0, cells.length - 1).reduce((sum, each) => sum + each + gap.length, 0);
    const notes = below(width - indent).map(line => ' '.repeat(indent) + line);
    return [joinCells(cells, widths).trimEnd(), ...notes];
  });
}

function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
  return widths;
}

function joinCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => padded(cell, column === cells.length - 1 ? 0 : widths[column]!))
    .join(gap);
}

/** At least this wide, in columns of the terminal. Pure. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}
