import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderExpanded, rowCount, Table, type TableColumn } from './table.ts';

const renderTable = (
  columns: readonly TableColumn[],
  rows: readonly (readonly (string | null)[])[],
): string => {
  const table = new Table(columns, rows);
  return [...table.heading(), ...rows.flatMap(row => table.row(row)), rowCount(rows.length)].join('\n');
};
const left = (name: string) => ({ name, align: 'left' }) as const;
const right = (name: string) => ({ name, align: 'right' }) as const;

describe('printing rows as psql does', () => {
  it('aligns numbers to the right, centres headings and counts rows', () => {
    assert.equal(
      renderTable(
        [right('id'), left('title')],
        [
          ['1', 'Alien'],
          ['20', null],
        ],
      ),
      ' id | title\n----+-------\n  1 | Alien\n 20 |\n(2 rows)',
    );
  });

  it('goes on in the next line where a value does, marked with +', () => {
    assert.equal(
      renderTable([left('a'), left('b')], [['x\ny', 'z']]),
      ' a | b\n---+---\n x+| z\n y |\n(1 row)',
    );
  });

  it('counts wide characters as two columns', () => {
    assert.equal(renderTable([left('a')], [['日本'], ['é']]), '  a\n------\n 日本\n é\n(2 rows)');
  });

  it('shows control characters, which could drive the terminal, as escapes', () => {
    assert.match(renderTable([left('a')], [['\u001b[31mred']]), /\\x1b\[31mred/);
  });

  it('prints a hundred thousand rows', () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => [String(index)]);
    assert.ok(renderTable([right('n')], rows).endsWith('(100000 rows)'));
  });

  it('keeps the widths of the first rows for those that follow', () => {
    const table = new Table([left('a'), left('b')], [['xx', '1']]);
    assert.deepEqual(table.row(['y', '2']), [' y  | 2']);
    assert.deepEqual(table.row(['wider', '3']), [' wider | 3']);
  });

  it('narrows columns of text to a width, and goes on below', () => {
    const columns = [left('name'), left('definition'), right('n')];
    const rows = [['films', 'a text that has many words, more than the width holds', '1']];
    const table = new Table(columns, rows, 44);
    const lines = [...table.heading(), ...rows.flatMap(row => table.row(row))];
    assert.deepEqual(lines, [
      ' name  |           definition           | n',
      '-------+--------------------------------+---',
      ' films | a text that has many words,   +| 1',
      '       | more than the width holds      |',
    ]);
    for (const line of new Table([left('a'), left('b')], [['x'.repeat(90), 'y'.repeat(50)]], 60).heading())
      assert.ok(line.length <= 60, line);
  });

  it('prints one column a line when expanded', () => {
    assert.equal(
      renderExpanded([left('id'), left('title')], [['1', 'Alien']]),
      '-[ RECORD 1 ]\nid    | 1\ntitle | Alien',
    );
  });
});
