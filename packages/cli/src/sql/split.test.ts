import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitScript } from './split.ts';

const texts = (script: string): string[] => splitScript(script).map(piece => piece.text);

describe('cutting a script into statements', () => {
  it('cuts at semicolons and drops what is empty', () => {
    assert.deepEqual(texts('select 1; ; select 2;\n -- the end\n'), ['select 1', 'select 2']);
  });

  it('leaves semicolons in strings, names, dollar quotes and comments alone', () => {
    const script = `select 'a;''b', E'c\\';d', "e;f", $$g;h$$, $x$i;$$j$x$ /* k; /* l; */ m; */ -- n;\n`;
    assert.deepEqual(texts(`${script}; select 2`), [script.trim(), 'select 2']);
  });

  it('takes a backslash before a quote as a plain character in an ordinary string', () => {
    assert.deepEqual(texts(`select 'a\\'; select 2`), [`select 'a\\'`, 'select 2']);
  });

  it('takes a dollar sign inside of a name as part of it', () => {
    assert.deepEqual(texts('select a$b$ from t; select c$b$ from t'), [
      'select a$b$ from t',
      'select c$b$ from t',
    ]);
  });

  it('keeps rules and BEGIN ATOMIC bodies whole', () => {
    const rule = 'create rule r as on insert to t do (insert into a values (1); insert into b values (2))';
    const body =
      'create function f() returns int begin atomic select case when true then 1 end; select 2; end';
    assert.deepEqual(texts(`${rule};${body}; select 3`), [rule, body, 'select 3']);
  });

  it('sends a transaction in one piece', () => {
    assert.deepEqual(texts('select 0; begin; savepoint a; rollback to a; select 1; commit; vacuum'), [
      'select 0',
      'begin;savepoint a;rollback to a;select 1;commit',
      'vacuum',
    ]);
  });

  it('counts the lines before each piece, and keeps them inside of a transaction', () => {
    assert.deepEqual(splitScript('-- one\nselect 1;\n\nbegin;\n\nselect 2;\ncommit;\nselect 3'), [
      { text: '-- one\nselect 1', line: 0 },
      { text: 'begin;\n\nselect 2;\ncommit', line: 3 },
      { text: 'select 3', line: 7 },
    ]);
  });

  it('ends in time on hostile input', () => {
    const bad = [
      `${"'".repeat(50_001)}`,
      '/*'.repeat(50_000),
      '$a$'.repeat(50_001),
      '"'.repeat(50_001),
      `e'${'\\'.repeat(50_001)}`,
    ];
    for (const script of bad) assert.ok(splitScript(script).length <= 2);
  });
});
