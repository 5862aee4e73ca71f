import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type MetaAction, readMeta as readAs } from './meta.ts';

const readMeta = (line: string): MetaAction => readAs(line, 'db_migrator');

describe('reading a line for psql', () => {
  it('turns \\copy into COPY, whatever its file is called', () => {
    const copy = (line: string) => {
      const action = readMeta(line);
      return action.kind === 'copy' ? [action.sql, action.direction, action.file] : action.kind;
    };
    assert.deepEqual(copy(`\\copy films from 'a b.csv' with (format csv, header)`), [
      'copy films from stdin with (format csv, header)',
      'from',
      'a b.csv',
    ]);
    assert.deepEqual(copy("\\copy (select a from t where b = 'x to y') to out.tsv"), [
      `copy (select a from t where b = 'x to y') to stdout`,
      'to',
      'out.tsv',
    ]);
    assert.deepEqual(copy('\\copy "from" ("to") from stdin csv'), [
      'copy "from" ("to") from stdin csv',
      'from',
      null,
    ]);
    assert.equal(copy(`\\copy t from program 'rm x'`), 'refused');
    assert.equal(copy('\\copy t'), 'refused');
  });

  it('connects to a database of this server, and to nothing else', () => {
    assert.deepEqual(readMeta('\\connect app'), { kind: 'connect', database: 'app' });
    assert.deepEqual(readMeta('\\c'), { kind: 'connect', database: null });
    assert.deepEqual(readMeta('\\c - -'), { kind: 'connect', database: null });
    assert.deepEqual(readMeta(`\\connect -reuse-previous=on "dbname='od\\'d name'"`), {
      kind: 'connect',
      database: "od'd name",
    });
    assert.equal(readMeta('\\c app bob').kind, 'refused');
    assert.deepEqual(readMeta('\\c app db_migrator'), { kind: 'connect', database: 'app' });
    assert.deepEqual(readMeta('\\c - db_migrator'), { kind: 'connect', database: null });
    assert.equal(readMeta('\\c app - db.example.com').kind, 'refused');
    assert.equal(readMeta('\\c postgres://db.example.com/app').kind, 'refused');
  });

  it('passes over what only says how psql prints, and refuses what would change what is run', () => {
    for (const line of ['\\pset pager off', '\\set ON_ERROR_STOP on', '\\encoding UTF8', '\\unset QUIET'])
      assert.equal(readMeta(line).kind, 'nothing', line);
    for (const line of [
      '\\set name value',
      '\\set ON_ERROR_STOP off',
      '\\encoding LATIN1',
      '\\! ls',
      '\\gexec',
      '\\if true',
    ])
      assert.equal(readMeta(line).kind, 'refused', line);
  });

  it('describes by name and pattern', () => {
    const sql = (line: string): string => {
      const action = readMeta(line);
      assert.ok(action.kind === 'describe' && action.description.kind === 'list', line);
      return action.description.sql;
    };
    assert.match(sql('\\dt Public.Film*'), /c\.relname like 'film%' and n\.nspname like 'public'/);
    assert.match(sql('\\dt "Film_1"'), /c\.relname like +E'Film\\\\_1'/);
    assert.match(sql('\\df+ auth.*'), /n\.nspname like 'auth'/);
    assert.match(sql('\\l'), /pg_database/);
    assert.equal(readMeta('\\d films').kind, 'describe');
    assert.equal(readMeta('\\dq').kind, 'refused');
  });
});
