import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetaCommandError, splitScript } from './split.ts';

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
      { text: '-- one\nselect 1', line: 0, copies: [] },
      { text: 'begin;\n\nselect 2;\ncommit', line: 3, copies: [] },
      { text: 'select 3', line: 7, copies: [] },
    ]);
  });

  it('takes COMMIT AND CHAIN for the beginning of the next transaction', () => {
    assert.deepEqual(texts('begin; select 1; commit and chain; select 2; commit; select 3'), [
      'begin;select 1;commit and chain;select 2;commit',
      'select 3',
    ]);
  });

  it('cuts out the rows after COPY FROM STDIN', () => {
    const script = `copy t (a, "b;") from stdin; -- rows\n1\tit's; \\N\n\\.\nselect 1;\nCOPY u FROM stdin WITH (format csv);\r\n"x"\r\n\\.\r\nselect 2`;
    assert.deepEqual(splitScript(script), [
      { text: 'copy t (a, "b;") from stdin', line: 0, copies: [{ text: "1\tit's; \\N\n", line: 1 }] },
      { text: 'select 1', line: 3, copies: [] },
      { text: 'COPY u FROM stdin WITH (format csv)', line: 4, copies: [{ text: '"x"\r\n', line: 5 }] },
      { text: 'select 2', line: 7, copies: [] },
    ]);
  });

  it('keeps rows inside of a transaction apart, and knows where there are none', () => {
    const script = 'begin;\ncopy t from stdin;\n1\n2\n\\.\nselect 1;\ncopy u from stdin;\n\\.\ncommit;';
    assert.deepEqual(splitScript(script), [
      {
        text: 'begin;\ncopy t from stdin;\n\n\n\nselect 1;\ncopy u from stdin;\n\ncommit',
        line: 0,
        copies: [
          { text: '1\n2\n', line: 2 },
          { text: '', line: 7 },
        ],
      },
    ]);
    for (const none of [
      'copy t from stdin',
      'copy t from stdin;',
      'copy t from stdin;\n',
      'copy t from stdin; select 1;\n2',
    ])
      assert.deepEqual(splitScript(none)[0]!.copies, [null], none);
    for (const other of [
      'copy t to stdout;\n',
      `copy t from 'stdin';\n`,
      'copy (select x from stdin) to stdout;\n',
      'insert into copy select * from stdin;\n',
    ])
      assert.deepEqual(splitScript(other)[0]!.copies, [], other);
  });

  it('passes over what pg_dump tells psql, and names any other command of psql', () => {
    const script = '--\n-- dump\n--\n\n\\restrict aB3;\n\nselect 1;\n\\unrestrict aB3\n';
    assert.deepEqual(splitScript(script), [{ text: 'select 1', line: 6, copies: [] }]);
    assert.throws(
      () => splitScript('select 1;\n\\connect other\nselect 2'),
      (error: unknown) =>
        error instanceof MetaCommandError && error.command === '\\connect' && error.line === 2,
    );
    // Not ours to judge: the server refuses it.
    assert.deepEqual(texts('select 1 \\gset\n'), ['select 1 \\gset']);
  });

  it('ends in time on hostile input', () => {
    const bad = [
      `${"'".repeat(50_001)}`,
      '/*'.repeat(50_000),
      '$a$'.repeat(50_001),
      '"'.repeat(50_001),
      `e'${'\\'.repeat(50_001)}`,
    ];
    assert.equal(
      splitScript(`select '${"x''".repeat(5_000_000)}'; select "${'y'.repeat(10_000_000)}"`).length,
      2,
    );
    for (const script of bad) assert.ok(splitScript(script).length <= 2);
  });
});
