import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Project } from './cli.ts';

describe('peakstone migrate lint', () => {
  const project = new Project();
  const write = (name: string, text: string) => writeFileSync(join(project.folder, 'migrations', name), text);
  const lint = (...options: string[]) => project.run(['migrate', 'lint', ...options]);
  const git = (...args: string[]) => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
    const run = spawnSync('git', ['-C', project.folder, ...identity, ...args], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
  };
  before(async () => {
    mkdirSync(join(project.folder, 'migrations'));
    write(
      '1_films.sql',
      'create table films (id bigint primary key);\nalter table films enable row level security;\n',
    );
    write('2_title.sql', "set local lock_timeout = '2s';\nalter table films add column title text;\n");
    await project.run(['migrate', 'hash']);
  });
  after(() => rmSync(project.folder, { recursive: true }));

  it('ends with 0 where nothing hurts, and asks for no database', async () => {
    const { code, stdout, stderr } = await lint();
    assert.deepEqual([code, stdout, stderr], [0, '2 files: nothing found\n', '']);
  });

  it('ends with 1 for an error, with place, lock, reason and the way to write it', async () => {
    write('3_drop.sql', "\nset local lock_timeout = '2s';\nalter table films drop column title;\n");
    await project.run(['migrate', 'hash']);
    const { code, stdout } = await lint('--latest', '1');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^migrations\/3_drop\.sql:3: error Drops column title of films \[DS103\]\n {2}lock: AccessExclusive on films/,
    );
    assert.match(stdout, /\n {2}why: {2}.+\n {2}safe: .+\n\n1 file: 1 error, 0 warnings\n$/);
    assert.equal((await lint('--latest', '1', '--without', 'destructive')).code, 0);
    const json = JSON.parse((await lint('--json')).stdout) as { files: { findings: { code: string }[] }[] };
    assert.deepEqual(
      json.files.flatMap(({ findings }) => findings.map(({ code }) => code)),
      ['DS103'],
    );
    const github = (await lint('--format', 'github')).stdout;
    assert.match(github, /^::error file=migrations\/3_drop\.sql,line=3,col=1,title=DS103::Drops column/);
    const atlas = JSON.parse((await lint('--format', '{{ json .Files }}')).stdout) as {
      Name: string;
      Reports?: { Diagnostics: { Code: string; Pos: number }[] }[];
    }[];
    assert.deepEqual(
      atlas[2]?.Reports?.[0]?.Diagnostics.map(({ Code, Pos }) => [Code, Pos]),
      [['DS103', 32]],
    );
  });

  it('fails for warnings with --strict alone', async () => {
    write('3_drop.sql', "set local lock_timeout = '2s';\nalter table films rename column title to name;\n");
    await project.run(['migrate', 'hash']);
    assert.equal((await lint()).code, 0);
    assert.equal((await lint('--strict')).code, 1);
  });

  it('checks the sums', async () => {
    write('3_drop.sql', 'select 1;\n');
    const { code, stdout } = await lint('--latest', '1');
    assert.equal(code, 1);
    assert.match(stdout, /atlas\.sum: L4: 3_drop\.sql was edited\./);
    await project.run(['migrate', 'hash']);
  });

  it('tells of what a branch adds, and of what it changes', async () => {
    git('init', '-q', '-b', 'main');
    git('add', '.');
    git('commit', '-q', '-m', 'first');
    git('checkout', '-q', '-b', 'topic');
    write('4_new.sql', "set local lock_timeout = '2s';\ndrop table films;\n");
    await project.run(['migrate', 'hash']);
    const added = await lint('--git-base', 'main');
    assert.equal(added.code, 1);
    assert.match(added.stdout, /4_new\.sql:2: error Drops table films[\s\S]*1 file: 1 error/);
    write(
      '1_films.sql',
      'create table films (id bigint primary key, x int);\nalter table films enable row level security;\n',
    );
    await project.run(['migrate', 'hash']);
    assert.match((await lint('--git-base', 'main')).stderr, /1_films\.sql was changed since the base/);
    const unknown = await lint('--git-base', '--output=x');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^error: What changed since the base cannot be told: .+\nhint: /);
  });

  it('refuses what it does not understand in one line', async () => {
    for (const [options, message] of [
      [['--without', 'DS999'], /There is no rule DS999/],
      [['--format', 'xml'], /There is no format xml/],
      [['--name', 'table=['], /no regular expression/],
      [['--latest', '1', '--git-base', 'main'], /exclude each other/],
    ] as const) {
      const { code, stderr } = await lint(...options);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
    assert.match((await lint('--dir', 'nowhere')).stderr, /^error: There is no folder /);
  });
});
