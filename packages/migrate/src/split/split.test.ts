import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitMigration } from './split.ts';

const texts = (text: string): string[] => splitMigration(text).statements.map(statement => statement.text);

describe('cutting a migration', () => {
  it('keeps each statement with its semicolon, and the last one as it is', () => {
    assert.deepEqual(texts(' select 1 ;\n\nselect 2;;select 3 -- end\n'), [
      'select 1 ;',
      'select 2;',
      ';',
      'select 3 -- end',
    ]);
  });

  it('takes a comment at the very end, without an end of line, for a statement, as Atlas does', () => {
    assert.deepEqual(texts('select 1;\n-- done'), ['select 1;', '-- done']);
    assert.deepEqual(texts('select 1;\n-- done\n'), ['select 1;']);
  });

  it('keeps functions, blocks and BEGIN ATOMIC whole', () => {
    const whole = [
      'create function f() returns int as $$ begin; return 1; end $$ language plpgsql;',
      'create function g() returns int begin atomic select 1; select 2; end;',
      'begin\n select 1; select 2;\nend;',
    ];
    assert.deepEqual(texts(whole.join('\n')), whole);
    assert.deepEqual(texts('begin transaction; select 1; commit;'), [
      'begin transaction;',
      'select 1;',
      'commit;',
    ]);
  });

  it('cuts at the delimiter that the file names, and leaves it out', () => {
    assert.deepEqual(texts('-- atlas:delimiter \\n\\n\nselect 1;\nselect 2;\n\nselect 3;'), [
      'select 1;\nselect 2;',
      'select 3;',
    ]);
    assert.deepEqual(texts('DELIMITER //\nselect 1; select 2//\nDELIMITER ;\nselect 3;'), [
      'select 1; select 2',
      'select 3;',
    ]);
  });

  it('follows PostgreSQL where Atlas would cut in the middle of a text or a comment', () => {
    for (const [whole, by] of [
      [`select E'it\\'s; fine';`, 'postgres'],
      [`select E'\\'', ';';`, 'postgres'],
      ['/* a /* b */ c; */ select 1;', 'postgres'],
      [`select 'a;b', "c;d";`, 'atlas'],
    ] as const) {
      const split = splitMigration(`${whole}\nselect 2;`);
      assert.equal(split.statements.length, 2, whole);
      assert.equal(split.by, by, whole);
    }
  });

  it('runs what PostgreSQL runs behind a carriage return that ends a comment', () => {
    const split = splitMigration('select 1; -- x\rcreate table t (id int);\nselect 2;\n');
    assert.deepEqual(
      [split.by, split.statements.map(({ text }) => text)],
      ['postgres', ['select 1;', 'create table t (id int);', 'select 2;']],
    );
    assert.equal(splitMigration('-- x\r-- y\r\nselect 1;\n\u0085select 2;').by, 'atlas');
  });

  it('knows where each stands, and the comments right above it', () => {
    const { statements } = splitMigration('-- far\n\n-- near\nselect 1; select 2;\n\n  select 3;');
    assert.deepEqual(
      statements.map(({ line, column, comments }) => [line, column, comments]),
      [
        [4, 1, ['-- near\n']],
        [4, 11, []],
        [6, 3, []],
      ],
    );
  });

  it('ends in time on hostile input', () => {
    for (const bad of [
      'begin x '.repeat(20_000),
      `${'begin '.repeat(20_000)}end;`,
      `$${'a'.repeat(100_000)}`,
      '('.repeat(100_000),
      `select '${"''".repeat(100_000)};`,
      `x${' \n'.repeat(50_000)}begin`,
      `${'begin transaction; select 1; commit;\n'.repeat(5_000)}end;`,
    ])
      splitMigration(bad);
  });
});
