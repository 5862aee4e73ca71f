import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

/** Of a running process; 0 once it is gone. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

describe('peakstone sql', () => {
  const project = new Project();
  before(async () => {
    await project.json('up', '--detach', '--port-base', String(await reservePorts(4)));
  });
  after(() => project.close());

  it('runs SQL: a statement, a file, standard input; as a table, JSON, CSV', async () => {
    assert.equal(
      (await project.run(['sql', 'select 1 as one, null as nothing'])).stdout,
      ' one | nothing\n-----+---------\n   1 |\n(1 row)\n\n',
    );
    writeFileSync(
      join(project.folder, 'films.sql'),
      `create table films (id int primary key, title text);\ninsert into films values (1, 'Alien'), (2, 'a "b", c');\n`,
    );
    assert.equal((await project.run(['sql', '-f', 'films.sql'])).stdout, 'CREATE TABLE\nINSERT 0 2\n');
    const query = 'select id, title, id = 1 as first from films order by id';
    assert.deepEqual(JSON.parse((await project.run(['sql', '--json', query])).stdout), [
      { id: 1, title: 'Alien', first: true },
      { id: 2, title: 'a "b", c', first: false },
    ]);
    assert.equal(
      (await project.run(['sql', '--csv'], query)).stdout,
      'id,title,first\n1,Alien,t\n2,"a ""b"", c",f\n',
    );
  });

  it('describes what there is, by the commands that users of psql type', async () => {
    const schema = `create table described (id int primary key, title text not null default 'none', parent int references described);
      alter table described enable row level security; create policy mine on described for select to web_anon using (id > 1);
      create view describing as select id from described;`;
    assert.equal((await project.run(['sql'], schema)).code, 0);
    const rows = async (command: string): Promise<Record<string, unknown>[]> => {
      const { code, stdout, stderr } = await project.run(['sql', '--json', command]);
      assert.deepEqual([code, stderr], [0, ''], command);
      return stdout.split(/(?<=\]\n)/).flatMap(part => JSON.parse(part) as Record<string, unknown>[]);
    };
    const names = async (command: string) => (await rows(command)).map(row => row.name ?? row.role);
    assert.ok((await names('\\d')).includes('describing'));
    assert.ok((await names('\\dt')).includes('described'));
    assert.deepEqual(await names('\\dv describ*'), ['describing']);
    assert.deepEqual(await names('\\dt public.describe_'), []);
    assert.deepEqual(await names('\\dm'), []);
    assert.ok((await names('\\dn')).includes('leads'));
    assert.deepEqual(await names('\\df auth.ui?'), ['uid']);
    assert.deepEqual(await names('\\du web_anon'), ['web_anon']);
    assert.deepEqual(await names('\\l'), ['postgres']);
    const parts = await rows('\\d described');
    assert.deepEqual(
      parts.slice(0, 3).map(row => [row.column, row.type, row['not null'], row.default]),
      [
        ['id', 'integer', true, null],
        ['title', 'text', true, "'none'::text"],
        ['parent', 'integer', false, null],
      ],
    );
    const kinds = new Set(parts.slice(3).map(row => row.what));
    assert.deepEqual([...kinds], ['index', 'constraint', 'referenced by', 'row security', 'policy', 'grant']);
    const unknown = await project.run(['sql', '\\d nothing_here']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /relation "nothing_here" does not exist/);
    assert.match((await project.run(['sql', '\\copy x'])).stderr, /Alone, these are understood: \\d, /);
  });

  it('shows an error as psql does, and stops at the first', async () => {
    const { code, stdout, stderr } = await project.run(['sql'], 'select 1;\n\nselect oops;\nselect 3;');
    assert.equal(code, 1);
    assert.equal(stdout.includes('(1 row)'), true);
    assert.equal(stdout.includes(' 3'), false);
    assert.equal(stderr, 'ERROR:  column "oops" does not exist\nLINE 3: select oops\n               ^\n');
  });

  it('prints results as they come, also those of a transaction that fails, and no tag after rows that were only read', async () => {
    const failed = await project.run(['sql'], 'begin; select 7 as seven; select 1/0; commit');
    assert.equal(failed.code, 1);
    assert.equal(failed.stdout, 'BEGIN\n seven\n-------\n     7\n(1 row)\n\n');
    assert.match(failed.stderr, /^ERROR: {2}division by zero/);
    const { stdout } = await project.run(['sql', 'show search_path']);
    assert.equal(stdout.includes('SHOW'), false);
  });

  it('shows notices, hands on what COPY sends, and says what to do about COPY without rows', async () => {
    const notice = await project.run(['sql', `do $$ begin raise notice 'read %', 'me'; end $$`]);
    assert.equal(notice.stderr, 'NOTICE:  read me\n');
    assert.equal(notice.stdout, 'DO\n');
    const copied = await project.run(['sql', '--json', "copy (values (1, 'ü'), (2, null)) to stdout"]);
    assert.equal(copied.stdout, '1\tü\n2\t\\N\n');
    const refused = await project.run(
      ['sql'],
      'create temp table c (a int); copy c from stdin; select 1;\n1\n',
    );
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /HINT: {2}Give the rows in the script/);
  });

  it('restores what pg_dump writes, and shows the row that it stops at', async () => {
    const dump = readFileSync(new URL('fixtures/dump17.sql', import.meta.url), 'utf8');
    writeFileSync(join(project.folder, 'dump.sql'), dump);
    const restored = await project.run(['sql', '-f', 'dump.sql']);
    assert.equal(restored.stderr, '');
    assert.equal(restored.code, 0);
    const query = `select *, cinema.twice(id::int) as double from cinema.films order by id`;
    const bare = { plot: null, tags: [], about: null, feeling: null };
    assert.deepEqual(JSON.parse((await project.run(['sql', '--json', query])).stdout), [
      {
        id: 1,
        title: 'Alien',
        plot: "In space; no one can hear 'you",
        tags: ['horror', 'sci fi'],
        about: { year: 1979, crew: ['Ripley', 'Ash'] },
        feeling: 'glad',
        touched: false,
        double: 2,
      },
      { ...bare, id: 2, title: 'Amélie 😀 日本', touched: false, double: 4 },
      {
        id: 3,
        title: 'C:\\temp\\new',
        plot: 'line one\nline two\twith a tab',
        tags: ['a "b"', '\\'],
        about: { quote: '"; -- \\' },
        feeling: 'sad; or so',
        touched: true,
        double: 6,
      },
      { ...bare, id: 4, title: '', plot: '$$ not a quote $$ /* nor a comment', touched: null, double: 8 },
    ]);
    const inserted = await project.run([
      'sql',
      '--csv',
      `insert into cinema.films (title) values ('new') returning id, touched`,
    ]);
    assert.equal(inserted.stdout, 'id,touched\n42,t\n');

    const broken = `drop schema cinema cascade;\n${dump.replace('\n3\tC:', '\nthree\tC:')}`;
    const line = broken.split('\n').findIndex(text => text.startsWith('three')) + 1;
    const stopped = await project.run(['sql'], broken);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /^ERROR: {2}invalid input syntax for type bigint: "three"$/m);
    assert.match(stopped.stderr, new RegExp(`^LINE ${line}: three C:`, 'm'));
    const meta = await project.run(['sql'], 'select 1;\n\\connect other\n');
    assert.equal(meta.code, 1);
    assert.equal(meta.stdout, '');
    assert.match(meta.stderr, /Line 2: \\connect is a command of psql/);
  });

  it('loads rows from standard input into the table of a COPY given as the argument', async () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => `${index},"row; ""${index}"" ü"\n`).join('');
    assert.equal((await project.run(['sql', 'create table loaded (id int, body text)'])).code, 0);
    const { stdout } = await project.run(['sql', 'copy loaded from stdin csv'], rows);
    assert.equal(stdout, 'COPY 100000\n');
    const copy = await project.run(['sql', 'copy (select * from loaded order by id) to stdout csv']);
    assert.equal(copy.stdout === rows, true);
  });

  it('prints results of any length in bounded memory', async () => {
    const query = `select n, repeat('x', 200) as text from generate_series(1, 400000) n`;
    for (const option of [['--json'], ['--csv'], ['--expanded'], []]) {
      const child = project.start('sql', ...option, query);
      child.stdin!.end();
      let bytes = 0;
      let peak = 0;
      let looked = 0;
      for await (const chunk of child.stdout!) {
        bytes += (chunk as Buffer).length;
        if (bytes - looked > 4_000_000) {
          looked = bytes;
          peak = Math.max(peak, residentBytes(child.pid!));
        }
      }
      assert.ok(bytes > 400_000 * 200, `${option}: ${bytes} bytes`);
      assert.ok(peak > 0 && peak < 300 * 1024 * 1024, `${option}: ${peak} bytes resident`);
    }
  });

  it('says that a transaction was left open, and takes a comment for SQL', async () => {
    const open = await project.run(['sql'], 'create table kept (a int); begin; create table lost (a int);');
    assert.equal(open.code, 1);
    assert.match(open.stderr, /A transaction was left open and has been rolled back/);
    const kept = `select to_regclass('kept') is null as kept, to_regclass('lost') is null as lost`;
    assert.deepEqual(JSON.parse((await project.run(['sql', '--json', kept])).stdout), [
      { kept: false, lost: true },
    ]);
    assert.equal((await project.run(['sql', '-- only a comment'])).code, 0);
    assert.match((await project.run(['sql', '-- first\nselect 7 as n'])).stdout, / n\n---\n 7\n/);
  });

  it('says which file is missing or no text, and gives JSON values for arrays and numbers', async () => {
    const missing = await project.run(['sql', '-f', 'nosuch.sql']);
    assert.equal(missing.code, 1);
    assert.equal(missing.stderr, 'error: nosuch.sql does not exist.\n');
    assert.equal((await project.run(['sql', '-f', '.'])).stderr, 'error: . is a folder, not a file.\n');
    writeFileSync(join(project.folder, 'latin1.sql'), Buffer.from("select 'é'", 'latin1'));
    assert.match((await project.run(['sql', '-f', 'latin1.sql'])).stderr, /latin1.sql is not text in UTF-8/);
    const query = `select array[1,null,3] as ints, '{{a,"b c"},{NULL,"NULL"}}'::text[] as texts, array[true] as flags,
      array['{"a":[1]}'::jsonb] as objects, '{}'::uuid[] as none, 1.50::numeric as number, 'NaN'::float8 as nan,
      array['2020-01-01'::date] as days, 9007199254740993 as big, '[1,2]'::json as json, '1 2'::int2vector as vector`;
    const { stdout } = await project.run(['sql', '--json', query]);
    assert.equal(
      stdout,
      `[{"ints":[1,null,3],"texts":[["a","b c"],[null,"NULL"]],"flags":[true],"objects":[{"a": [1]}],"none":[],"number":1.50,"nan":"NaN","days":["2020-01-01"],"big":9007199254740993,"json":[1,2],"vector":"1 2"}]\n`,
    );
  });

  it('signs no token without a role', async () => {
    const { code, stdout, stderr } = await project.run(['secrets', 'jwt', '--role', '']);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /--role cannot be empty/);
  });

  it('acts as another role, with claims', async () => {
    const { stdout } = await project.run([
      'sql',
      '--role',
      'app_user',
      '--claims',
      '{"sub":"42"}',
      '--csv',
      `select current_user, auth.uid()::text`,
    ]);
    assert.equal(stdout.split('\n')[1]!.split(',')[0], 'app_user');
    assert.match(
      (await project.run(['sql', '--role', 'nobody_here', 'select 1'])).stderr,
      /There is no role 'nobody_here'/,
    );
  });
});
