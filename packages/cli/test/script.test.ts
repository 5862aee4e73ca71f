import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { finish, Project, until } from './cli.ts';

describe('a script of peakstone sql', () => {
  const project = new Project();
  let base: number;
  before(async () => {
    base = await reservePorts(4);
    await project.json('up', '--detach', '--port-base', String(base));
  });
  after(() => project.close());

  it('prints one JSON value, whatever comes', async () => {
    const json = async (...argv: string[]): Promise<unknown> =>
      JSON.parse((await project.run(['sql', '--json', ...argv])).stdout);
    assert.deepEqual(await json('select 1 as a; create temp table t (a int); select 2 as b where false'), [
      [{ a: 1 }],
      [],
      [],
    ]);
    assert.deepEqual(await json('create temp table t (a int)'), []);
    assert.deepEqual(await json('-- nothing'), []);
    assert.deepEqual(await json(`copy (values (1, 'ü')) to stdout`), ['1\tü']);
    assert.deepEqual(await json('select 1 as a;\n  select oops'), [
      [{ a: 1 }],
      {
        error: {
          severity: 'ERROR',
          code: '42703',
          message: 'column "oops" does not exist',
          line: 2,
          column: 10,
        },
      },
    ]);
    assert.deepEqual(Object.keys((await json('select 1/0')) as object), ['error']);
    assert.deepEqual(await json('begin; select 1 as a'), [
      [],
      [{ a: 1 }],
      { error: { message: 'A transaction was left open and has been rolled back: it has no COMMIT.' } },
    ]);
    assert.match(JSON.stringify(await json('-f', 'nosuch.sql')), /nosuch\.sql does not exist/);
  });

  it('names file, line and column of every error of a file', async () => {
    const script =
      'create table placed (id int primary key);\n\ninsert into placed values (1); insert into placed\n  values (1);\n';
    writeFileSync(join(project.folder, 'placed.sql'), script);
    const { code, stderr } = await project.run(['sql', '-f', 'placed.sql']);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^placed\.sql:3:32: ERROR: {2}duplicate key .*\nLINE 3: insert into placed\nDETAIL:/,
    );
    writeFileSync(join(project.folder, 'outer.sql'), '\\i placed.sql\n');
    assert.match(
      (await project.run(['sql', '-f', 'outer.sql'])).stderr,
      /placed\.sql:1:1: ERROR:.*already exists/,
    );
  });

  it('runs a script in one transaction: all of it or nothing', async () => {
    const script = 'create table whole (a int);\ninsert into whole values (1);\nselect 1/0;\n';
    const failed = await project.run(['sql', '--single-transaction'], script);
    assert.equal(failed.code, 1);
    const there = `select to_regclass('whole') is not null as there`;
    const isThere = async () => JSON.parse((await project.run(['sql', '--json', there])).stdout)[0].there;
    assert.equal(await isThere(), false);
    const refused = await project.run(['sql', '-1'], 'create table whole (a int);\ncommit;\nselect 1/0;');
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /Line 2: COMMIT would end the single transaction\.\nhint: {2}Nothing was run/,
    );
    assert.equal(await isThere(), false);
    // With that setting the text ends elsewhere than it seems to, and nobody may say that all was rolled back.
    const hidden = `set standard_conforming_strings = off;\ncreate table half (a int);\nselect 'a\\''; commit; select 1; -- '`;
    const ended = await project.run(['sql', '-1'], hidden);
    assert.equal(ended.code, 1);
    assert.match(
      ended.stderr,
      /Line 3: it has ended the single transaction \(COMMIT\)\.\nhint: {2}What was run before it is kept/,
    );
    const failedLater = await project.run(
      ['sql', '-1'],
      hidden.replace('half', 'other').replace('select 1;', 'select 1/0;'),
    );
    assert.match(
      failedLater.stderr,
      /division by zero[\s\S]*It has ended the single transaction itself \(COMMIT\)/,
    );
    assert.equal((await project.run(['sql', '-1'], script.replace('1/0', '1'))).code, 0);
    assert.equal(await isThere(), true);
  });

  it('does what lines for psql ask for, and names line and remedy of the others', async () => {
    writeFileSync(join(project.folder, 'rows.csv'), 'id,title\n1,"one; \\\\d"\n2,two\n');
    const script = [
      '\\restrict x1',
      '\\unrestrict x1',
      '\\set ON_ERROR_STOP on',
      '\\pset pager off',
      'create table carried (id int, title text);',
      `\\copy carried (id, title) from 'rows.csv' with (format csv, header)`,
      '\\copy carried from stdin',
      '3\tthree',
      '\\.',
      '\\connect postgres',
      '\\echo loaded',
      `\\copy (select title from carried order by id) to 'titles.txt'`,
      'select count(*) from carried \\gx',
    ].join('\n');
    const { code, stdout, stderr } = await project.run(['sql'], script);
    assert.equal(stderr, 'Connected to database "postgres".\n');
    assert.equal(code, 0);
    assert.equal(stdout, 'CREATE TABLE\nCOPY 2\nCOPY 1\nloaded\nCOPY 3\n-[ RECORD 1 ]\ncount | 3\n\n');
    assert.equal(readFileSync(join(project.folder, 'titles.txt'), 'utf8'), 'one; \\\\\\\\d\ntwo\nthree\n');
    for (const [line, expected] of [
      ['\\! rm -rf x', /Line 2: \\! runs a program\.\nhint: {2}Nothing was run\. Run it in the shell/],
      ['\\connect other other_user', /Line 2: \\connect names another user\.\nhint: .*--role other_user/],
      ['select 1 \\gset', /Line 2: \\gset is a command of psql\.\nhint: .*Take the line out/],
      [`\\copy t from program 'x'`, /Line 2: \\copy runs a program/],
    ] as const) {
      const refused = await project.run(['sql'], `create table never (a int);\n${line}\n`);
      assert.equal(refused.code, 1);
      assert.equal(refused.stdout, '');
      assert.match(refused.stderr, expected);
    }
    writeFileSync(join(project.folder, 'owned.sql'), 'create table owned (a int);\n');
    for (const line of [
      '\\i owned.sql',
      '\\connect template1',
      `\\copy carried to 'owned.txt'`,
      'select 1 \\gx',
      'select 1 \\g',
      '\\echo owned',
      '\\set ON_ERROR_STOP off',
      '\\restrict known',
      '\\unrestrict guessed',
      '\\unrestrict',
    ]) {
      const restricted = await project.run(
        ['sql'],
        `\\restrict known\ncreate table never (a int);\n${line}\n`,
      );
      assert.equal(restricted.code, 1, line);
      assert.equal(restricted.stdout, '');
      assert.match(
        restricted.stderr,
        /^error: Line 3: \\\w+ (?:is a command of psql, where all are restricted|has another key|names no key)/,
      );
    }
    writeFileSync(
      join(project.folder, 'restricted.sql'),
      '\\restrict known\nselect 1 as one;\n\\unrestrict known\n',
    );
    assert.equal(
      (await project.run(['sql', '--csv'], '\\i restricted.sql\n\\pset pager off\nselect 2 as two;\n'))
        .stdout,
      'one\n1\ntwo\n2\n',
    );
    assert.match(
      (await project.run(['sql'], '\\unrestrict x\n')).stderr,
      /ends nothing, as nothing is restricted/,
    );
    writeFileSync(
      join(project.folder, 'pstdin.sql'),
      "\\c postgres db_migrator\n\\copy carried from pstdin\nselect 'a statement';\n",
    );
    const fed = await project.run(['sql', '--csv', '-f', 'pstdin.sql'], '4\tfour\n5\tfive\n');
    assert.equal(fed.code, 0, fed.stderr);
    assert.match(fed.stdout, /a statement/);
    assert.deepEqual(
      JSON.parse((await project.run(['sql', '--json', 'select title from carried where id > 3'])).stdout),
      [{ title: 'four' }, { title: 'five' }],
    );
    const missing = await project.run(['sql', `\\copy carried from 'nosuch.csv'`]);
    assert.match(missing.stderr, /Line 1: nosuch\.csv cannot be opened: ENOENT/);
  });

  /** How many sessions run this statement now. */
  const running = async (query: string): Promise<number> => {
    const looking = `select count(*)::int as n from pg_stat_activity where state = 'active' and query = '${query}'`;
    return (
      JSON.parse((await project.run(['sql', '--json', '--superuser', looking])).stdout) as [{ n: number }]
    )[0].n;
  };

  it('cancels the statement in the server on Ctrl-C, and says what is kept', async () => {
    const slow = 'select pg_sleep(600)';
    for (const [options, expected, kept] of [
      [[], /Cancelled\. What was committed before is kept\./, true],
      [['--single-transaction'], /Cancelled\. The transaction was rolled back/, false],
    ] as const) {
      const script = `drop table if exists before_it; create table before_it (a int);\n${slow};\ncreate table after_it (a int)`;
      await project.run(['sql', 'drop table if exists before_it']);
      const child = project.start('sql', ...options, script);
      const ended = finish(child);
      await until(async () => (await running(slow)) === 1);
      child.kill('SIGINT');
      const { code, stderr } = await ended;
      assert.equal(code, 130);
      assert.match(stderr, expected);
      // When it ends the server is already rid of it.
      assert.equal(await running(slow), 0);
      const looking = `select to_regclass('before_it') is not null as before, to_regclass('after_it') is not null as after`;
      assert.deepEqual(JSON.parse((await project.run(['sql', '--json', looking])).stdout), [
        { before: kept, after: false },
      ]);
    }
  });

  it('ends at once on a second Ctrl-C, and the server ends what nobody waits for', async () => {
    // A statement that no cancel ends.
    const stubborn = 'select stubborn()';
    await project.run([
      'sql',
      `create function stubborn() returns void language plpgsql as $$ begin loop begin perform pg_sleep(600);
         exception when query_canceled then raise notice 'going on'; end; end loop; end $$`,
    ]);
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const child = project.start('sql', stubborn);
      const ended = finish(child);
      await until(async () => (await running(stubborn)) === 1);
      const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
      // Again and again: the first one only cancels, and two at once count as one.
      await until(() => isOver() || !child.kill(signal));
      const { code, stderr } = await ended;
      if (signal === 'SIGINT') {
        assert.equal(code, 130);
        assert.match(stderr, /Ended at once/);
      }
      await until(async () => (await running(stubborn)) === 0);
    }
  });

  it('ends a COPY from standard input on Ctrl-C, and keeps none of its rows', async () => {
    await project.run(['sql', 'create table half_loaded (a int)']);
    const child = project.start('sql', 'copy half_loaded from stdin');
    const ended = finish(child);
    child.stdin!.on('error', () => undefined).write('1\n2\n');
    await until(async () => (await running('copy half_loaded from stdin')) === 1);
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    const { stdout } = await project.run(['sql', '--json', 'select count(*)::int as n from half_loaded']);
    assert.deepEqual(JSON.parse(stdout), [{ n: 0 }]);
  });

  it('shows what a NOTIFY says, and keeps it out of what a program reads', async () => {
    const script = `listen told; notify told, 'it rains'; select 1 as n`;
    const told = /Asynchronous notification "told" with payload "it rains" received\./;
    assert.match((await project.run(['sql', script])).stdout, told);
    const { stdout, stderr } = await project.run(['sql', '--csv', script]);
    assert.equal(stdout, 'n\n1\n');
    assert.match(stderr, told);
  });

  it('logs in as the owner of the schemas, so that nothing that runs can become more', async () => {
    const { code, stderr } = await project.run(['sql', 'reset role; set role postgres']);
    assert.equal(code, 1);
    assert.match(stderr, /permission denied to set role "postgres"/);
    const who = 'select session_user::text as session, current_user::text as current';
    assert.deepEqual(JSON.parse((await project.run(['sql', '--json', who])).stdout), [
      { session: 'db_migrator', current: 'db_migrator' },
    ]);
    assert.deepEqual(JSON.parse((await project.run(['sql', '--json', '--role', 'web_anon', who])).stdout), [
      { session: 'db_authenticator', current: 'web_anon' },
    ]);
    const more = await project.run(['sql', '--role', 'web_anon', 'reset role; set role postgres']);
    assert.match(more.stderr, /permission denied to set role "postgres"/);
    const other = await project.run([
      'sql',
      '--json',
      '--role',
      'read_only',
      'select current_user::text as who',
    ]);
    assert.deepEqual(JSON.parse(other.stdout), [{ who: 'read_only' }]);
    assert.match(
      (await project.run(['sql', '--role', 'nobody_here', 'select 1'])).stderr,
      /There is no role 'nobody_here'/,
    );
  });

  it('returns when the API serves what it made', async () => {
    for (let round = 0; round < 8; round++) {
      const made = await project.run(['sql', `create table served${round} (id int)`]);
      assert.deepEqual([made.code, made.stderr], [0, '']);
      assert.equal((await fetch(`http://127.0.0.1:${base}/rest/v1/served${round}`)).status, 200);
    }
  });
});
