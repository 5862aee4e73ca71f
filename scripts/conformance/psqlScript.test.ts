import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { readScript } from './psqlScript.ts';

describe('reading a psql script', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'psql-script-'));
  after(() => rmSync(folder, { recursive: true }));

  const read = (text: string): string[] => {
    const file = path.join(folder, 'main.sql');
    writeFileSync(file, text);
    const context = { variables: { NAME: "o'x" }, rewrite: (sql: string) => sql };
    return readScript(file, context).map(({ sql }) => sql.trim());
  };

  it('includes files in their place', () => {
    writeFileSync(path.join(folder, 'part.sql'), 'select 2;');
    assert.deepEqual(read('\\set ON_ERROR_STOP on\nselect 1;\n\\ir part.sql\nselect 3;'), [
      'select 1;',
      'select 2;',
      'select 3;',
    ]);
  });

  it('puts variables in, but not into casts', () => {
    assert.deepEqual(read(`select :'NAME', 1::NAME; alter role :"NAME"`), [
      `select 'o''x', 1::NAME; alter role "o'x"`,
    ]);
  });

  it('leaves out what depends on an optional extension', () => {
    assert.deepEqual(
      read('select true as found \\gset\n\\if :found\ncreate extension x;\n\\endif\nselect 1;'),
      ['select 1;'],
    );
  });

  it('turns data for COPY into an insert', () => {
    assert.deepEqual(read(`COPY t (a, b) FROM STDIN CSV DELIMITER '|';\n1 |it's\n2|\n\\.\nselect 1;`), [
      `INSERT INTO t (a, b) VALUES ('1 ', 'it''s'),\n('2', NULL);\nselect 1;`,
    ]);
  });

  it('refuses what it does not know', () => {
    assert.throws(() => read('\\watch 1'), /main\.sql:1: psql's \\watch is not supported here/);
  });
});
