import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderSqlError } from './error.ts';

const sent = (text: string, line = 0, column = 0) => ({ file: null, text, line, column });
const fields = { severity: 'ERROR', code: '42601', message: 'syntax error at or near "selec"' };

describe('showing a server error as psql does', () => {
  it('points at the place', () => {
    assert.equal(
      renderSqlError({ ...fields, position: '8' }, sent('select selec')),
      'ERROR:  syntax error at or near "selec"\nLINE 1: select selec\n               ^\n',
    );
  });

  it('counts lines from the start of the script, and characters, not bytes or UTF-16 units', () => {
    const text = "select '😀é',\n  oops";
    assert.equal(
      renderSqlError({ ...fields, position: '16' }, sent(text, 4)),
      'ERROR:  syntax error at or near "selec"\nLINE 6:   oops\n          ^\n',
    );
  });

  it('cuts long lines around the place', () => {
    const text = `select ${'x, '.repeat(200)}oops, ${'y, '.repeat(200)}`;
    const [, line, caret] = renderSqlError({ ...fields, position: '608' }, sent(text)).split('\n');
    assert.ok(line!.length < 120);
    assert.equal(line!.slice(caret!.indexOf('^'), caret!.indexOf('^') + 4), 'oops');
  });

  it('shows detail, hint and context', () => {
    const text = renderSqlError(
      { ...fields, detail: 'd', hint: 'h', where: 'w' },
      sent('-- why\ncall f()', 6),
    );
    assert.equal(
      text,
      'ERROR:  syntax error at or near "selec"\nLINE 8: call f()\nDETAIL:  d\nHINT:  h\nCONTEXT:  w\n',
    );
  });

  it('names file, line and column as compilers do', () => {
    const failed = { ...sent('select selec', 4, 10), file: 'schema.sql' };
    assert.equal(
      renderSqlError({ ...fields, position: '8' }, failed).split('\n')[0],
      'schema.sql:5:18: ERROR:  syntax error at or near "selec"',
    );
    assert.match(renderSqlError(fields, failed), /^schema\.sql:5:11: ERROR: {2}.*\nLINE 5: select selec\n$/);
  });

  it('shows the row that a COPY failed at, by its line in the script', () => {
    const where = 'COPY films, line 2, column id: "oops"';
    const row = { text: 'oops\tBrazil', line: 42 };
    assert.equal(
      renderSqlError(
        { severity: 'ERROR', code: '22P02', message: 'bad', where },
        { ...sent('copy …', 39), row },
      ),
      `ERROR:  bad\nLINE 42: oops Brazil\nCONTEXT:  ${where}\n`,
    );
  });
});
