import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Piece, splitInput, splitScript } from './split.ts';

const texts = (script: string): string[] => splitScript(script).map(piece => piece.text);

/** Without where they stand in the whole of it. */
const pieces = (script: string) => splitScript(script).map(({ start: _, end: __, ...piece }) => piece);

/** A statement at the beginning of a line. */
const statement = (text: string, line: number, rows: Piece['rows'] = null) => ({
  kind: 'statement' as const,
  text,
  line,
  column: 0,
  rows,
  endedBy: null,
});

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

  it('takes BEGIN ATOMIC for a body in functions and procedures alone', () => {
    assert.deepEqual(texts('select begin atomic from t; commit'), ['select begin atomic from t', 'commit']);
    const head = 'create or /* ; */ replace -- ;\n procedure p(begin atomic)';
    for (const body of [
      'begin atomic select 1 as case; select case a when 1 then 2 end as "as", case when b then 1 end; end',
      'begin /* x */ atomic select t.end from t; end',
    ])
      assert.deepEqual(texts(`${head} ${body}; commit`), [`${head} ${body}`, 'commit'], body);
  });

  it('ends a comment at a carriage return, as the server does', () => {
    assert.deepEqual(texts('select 1; -- x\rcommit; select 2\r\n;'), [
      'select 1',
      '-- x\rcommit',
      'select 2',
    ]);
    assert.deepEqual(texts('-- only\r-- comments\r\n'), []);
  });

  it('reads the next piece of an escape string as its first', () => {
    const string = `select E'a' -- it's\r\n -- more\n '\\'; commit; --'`;
    assert.deepEqual(texts(`${string}; select 2`), [string, 'select 2']);
    assert.deepEqual(texts(`select E'a' '\\'; select 2`), [`select E'a' '\\'`, 'select 2']);
  });

  it('says where each statement begins', () => {
    const found = splitScript('-- one\nselect 1;\n\nbegin; select\n2;  select 3');
    assert.deepEqual(
      found.map(({ text, line, column, start, end }) => [text, line, column, start, end]),
      [
        ['-- one\nselect 1', 0, 0, 0, 16],
        ['begin', 3, 0, 18, 24],
        ['select\n2', 3, 7, 25, 34],
        ['select 3', 4, 4, 36, 44],
      ],
    );
  });

  it('cuts out the rows after COPY FROM STDIN', () => {
    const script = `copy t (a, "b;") from stdin; -- rows\n1\tit's; \\N\n\\.\nselect 1;\nCOPY u FROM stdin WITH (format csv);\r\n"x"\r\n\\.\r\nselect 2`;
    assert.deepEqual(pieces(script), [
      statement('copy t (a, "b;") from stdin', 0, { text: "1\tit's; \\N\n", line: 1 }),
      statement('select 1', 3),
      statement('COPY u FROM stdin WITH (format csv)', 4, { text: '"x"\r\n', line: 5 }),
      statement('select 2', 7),
    ]);
  });

  it('knows where there are no rows', () => {
    for (const none of [
      'copy t from stdin',
      'copy t from stdin;',
      'copy t from stdin;\n',
      'copy t from stdin; select 1;\n2',
      'copy t to stdout;\n',
      `copy t from 'stdin';\n`,
      'copy (select x from stdin) to stdout;\n',
      'insert into copy select * from stdin;\n',
    ])
      assert.equal(splitScript(none)[0]!.rows, null, none);
    assert.deepEqual(splitScript('copy u from stdin;\n\\.\n')[0]!.rows, { text: '', line: 1 });
  });

  it('finds lines for psql, with the rows of a \\copy, and statements that \\g ends', () => {
    const script = 'select 1;\n  \\connect other\nselect 2\n\\gx\n\\copy t from stdin\n3\n\\.\n';
    assert.deepEqual(pieces(script), [
      statement('select 1', 0),
      { kind: 'meta', text: '\\connect other', line: 1, column: 2, rows: null },
      { ...statement('select 2', 2), endedBy: '\\gx' },
      { kind: 'meta', text: '\\copy t from stdin', line: 4, column: 0, rows: { text: '3\n', line: 5 } },
    ]);
    assert.deepEqual(texts(`select '\\d' as "\\e" -- \\f\n`), [`select '\\d' as "\\e" -- \\f`]);
  });

  it('says of input that may go on what it waits for', () => {
    const waiting = (text: string) => splitInput(text).waitsFor;
    assert.deepEqual(splitInput('select 1; select').rest, ' select');
    assert.deepEqual(
      [
        '',
        '-- c\n',
        'select 1;\n',
        'select\n',
        "select 'a\n",
        'select "a',
        'select $$',
        '/* a',
        'select (1',
        'copy t from stdin;\n1\n',
      ].map(waiting),
      ['', '', '', '-', "'", '"', '$', '*', '(', '.'],
    );
    assert.equal(splitInput('copy t from stdin;\n1\n\\.\n').pieces[0]!.rows?.text, '1\n');
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
    assert.equal(splitScript('select 1;'.repeat(500_000)).length, 500_000);
  });
});
