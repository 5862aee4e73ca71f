import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePorts, Project } from './cli.ts';

describe('peakstone sql', () => {
  const project = new Project();
  before(async () => {
    await project.json('up', '--detach', '--port-base', String(await freePorts()));
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

  it('shows notices, hands on what COPY sends, and says what to do about COPY from a script', async () => {
    const notice = await project.run(['sql', `do $$ begin raise notice 'read %', 'me'; end $$`]);
    assert.equal(notice.stderr, 'NOTICE:  read me\n');
    assert.equal(notice.stdout, 'DO\n');
    const copied = await project.run(['sql', '--json', "copy (values (1, 'ü'), (2, null)) to stdout"]);
    assert.equal(copied.stdout, '1\tü\n2\t\\N\n');
    const refused = await project.run(['sql'], 'create temp table c (a int); copy c from stdin;\n1\n\\.\n');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /HINT: {2}Rows inside a script need psql/);
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
