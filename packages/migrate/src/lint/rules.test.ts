import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { describeFile } from '../folder/index.ts';
import { BASE, CASES, CHECKED, RESTED } from './cases.ts';
import { type LintOptions, lintFolder } from './lint.ts';
import { loadParser, type Parse } from './parser.ts';
import { RULES } from './rules/index.ts';

let parse: Parse;
before(async () => {
  parse = await loadParser();
});

function codes(sql: string, options: Partial<LintOptions> = {}, base = BASE): string[] {
  const files = [describeFile('1.sql', Buffer.from(base)), describeFile('2.sql', Buffer.from(sql))];
  const report = lintFolder(
    { path: 'm', files, format: 'atlas' as const, sumText: null },
    { only: new Set(['2.sql']), ...options },
    parse,
  );
  return report.files.flatMap(file => file.findings.map(finding => finding.code));
}

describe('lint tells of', () => {
  for (const rule of RULES.filter(each => !each.off)) {
    const cases = CASES[rule.code] ?? { fires: [], silent: [] };
    it(`${rule.title} (${rule.code})`, () => {
      assert.ok(cases.fires.length > 0 && cases.silent.length > 0, 'has a case of each');
      for (const sql of cases.fires) assert.ok(codes(sql).includes(rule.code), `${sql}: ${codes(sql)}`);
      for (const sql of cases.silent) assert.ok(!codes(sql).includes(rule.code), `${sql}: ${codes(sql)}`);
    });
  }

  it('40 kinds of change, each with why it hurts and how to write it', () => {
    assert.equal(RULES.length, 40);
    assert.equal(new Set(RULES.map(({ code }) => code)).size, 40);
    const document = readFileSync(new URL('../../docs/lint.md', import.meta.url), 'utf8');
    for (const { code, title } of RULES) assert.ok(document.includes(`| ${code} | ${title} |`), code);
    for (const { why, safe } of RULES) assert.ok(why !== '' && safe !== '');
  });

  it('style and names only when asked', () => {
    const sql = 'create table public."T" (id int primary key, c char(3), s varchar(9), e timestamp, j json)';
    assert.deepEqual(codes(sql), ['PG406']);
    assert.equal(codes(sql, { enabled: ['PG501'] }).filter(code => code === 'PG501').length, 5);
    assert.deepEqual(
      codes('create table public.x (id bigint primary key)', { enabled: ['PG501'], disabled: ['PG406'] }),
      [],
    );
    const naming = new Map([['table', /^[a-z_]+$/]] as const);
    assert.deepEqual(codes(sql, { naming, disabled: ['rls'] }), ['NM101']);
    assert.deepEqual(codes('create table x (a int)', { naming, disabled: ['rls'] }), []);
  });
});

describe('lint knows what the files before have left', () => {
  it('so that SET NOT NULL is free where a valid check proves it, and dropping that check is no loss', () => {
    const sql = 'alter table t alter n set not null';
    assert.ok(codes(sql).includes('MF104'));
    assert.ok(!codes(sql, {}, CHECKED).includes('MF104'));
    const dropped = codes(`${sql}; alter table t drop constraint n_there`, {}, CHECKED);
    assert.deepEqual(dropped, ['PG401']);
  });

  it('so that a check in the same transaction, which VALIDATE has not seen, proves nothing', () => {
    const unproven = `${BASE}alter table t add constraint n_there check (n is not null) not valid;`;
    assert.ok(codes('alter table t alter n set not null', {}, unproven).includes('MF104'));
  });

  it('so that timestamp becomes timestamptz for nothing in UTC, and by a rewrite elsewhere', () => {
    const sql = 'alter table t alter e type timestamptz';
    assert.ok(!codes(sql).includes('PG301'));
    assert.ok(codes(sql, { isUtc: false }).includes('PG301'));
  });

  it('so that a default partition is named, which every new partition reads', () => {
    const files = [
      describeFile('1.sql', Buffer.from(RESTED)),
      describeFile(
        '2.sql',
        Buffer.from("create table p9 partition of parts for values from ('2029-01-01') to ('2030-01-01')"),
      ),
    ];
    const [file] = lintFolder(
      { path: 'm', files, format: 'atlas' as const, sumText: null },
      { only: new Set(['2.sql']) },
      parse,
    ).files;
    assert.match(
      file?.findings.find(({ code }) => code === 'PG305')?.message ?? '',
      /reads all of its default partition rest/,
    );
  });

  it('through search_path, renames and schemas', () => {
    assert.ok(
      !codes(
        'create table app.x (a int); set local search_path to app; alter table x drop column a',
      ).includes('DS103'),
    );
    assert.ok(!codes('create table x (a int); alter table x rename to y; drop table y').includes('DS102'));
  });
});

describe('lint is silenced', () => {
  const sql = 'alter table t drop column n;';
  it('by a directive above a statement, for what it names or for all', () => {
    for (const directive of [
      '-- atlas:nolint',
      '-- atlas:nolint DS103',
      '-- atlas:nolint destructive',
      '-- squawk-ignore ban-drop-column',
    ])
      assert.ok(!codes(`select 1;\n${directive}\n${sql}`).includes('DS103'), directive);
    assert.ok(codes(`select 1;\n-- atlas:nolint MF101\n${sql}`).includes('DS103'));
    assert.ok(codes(`-- atlas:nolint\nselect 1;\n${sql}`).includes('DS103'));
  });

  it('by a directive at a file’s top, for all of it', () => {
    assert.ok(!codes(`-- atlas:nolint destructive\n\nselect 1;\n${sql}`).includes('DS103'));
    assert.ok(!codes(`-- squawk-ignore-file\nselect 1;\n${sql}`).includes('DS103'));
  });
});

describe('what lint says', () => {
  const lint = (sql: string) => {
    const files = [describeFile('1.sql', Buffer.from(BASE)), describeFile('2.sql', Buffer.from(sql))];
    return lintFolder(
      { path: 'm', files, format: 'atlas' as const, sumText: null },
      { only: new Set(['2.sql']) },
      parse,
    );
  };

  it('names the place in characters, also behind others than ASCII', () => {
    const [finding] = lint("select 'ä€😀';\n\n  drop table o;").files[0]?.findings ?? [];
    assert.deepEqual([finding?.code, finding?.line, finding?.column], ['DS102', 3, 3]);
    const [error] = lint("select 'ä€😀' as ä from;\n").files[0]?.findings ?? [];
    assert.deepEqual([error?.code, error?.line, error?.column], ['SYNTAX', 1, 24]);
    assert.match(error?.message ?? '', /syntax error at or near ";"/);
  });

  it('names the lock with its table, and whether rows are read or written', () => {
    const lockOf = (sql: string) => lint(sql).files[0]?.findings.find(({ lock }) => lock)?.lock;
    assert.deepEqual(lockOf('alter table t alter n type bigint'), {
      table: 'public.t',
      mode: 'AccessExclusive',
      rewrites: true,
      scans: false,
    });
    assert.deepEqual(lockOf('create index on t (m)'), {
      table: 'public.t',
      mode: 'Share',
      rewrites: false,
      scans: true,
    });
    assert.deepEqual(lockOf('alter table o add foreign key (t_id) references t (id)'), {
      table: 'public.o',
      mode: 'ShareRowExclusive',
      rewrites: false,
      scans: true,
    });
  });

  it('includes lines for psql and rows of COPY, before anything runs', () => {
    assert.deepEqual(
      lint('\\restrict abc\nselect 1;').files[0]?.findings.map(({ code }) => code),
      ['PSQL'],
    );
    const copied = lint('copy t (id, m) from stdin;\n1\t2\n\\.\nselect 1;').files[0]?.findings;
    assert.deepEqual(
      copied?.map(({ code, line }) => `${code} ${line}`),
      ['PSQL 1'],
    );
  });

  it('includes the sum that is not there', () => {
    assert.equal(lint('select 1;').sum, 'There is no atlas.sum.');
  });
});
