import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { type ApplyEvent, ApplyReport, historyOf, readFolder, undoMigrations } from '../src/index.ts';
import { MigrateProject } from './project.ts';

const open: MigrateProject[] = [];
after(() => Promise.all(open.map(each => each.close())));

async function applied(files: Record<string, string>, folder?: string): Promise<MigrateProject> {
  const project = await MigrateProject.make(files, folder);
  open.push(project);
  assert.equal((await project.apply()).error, null);
  return project;
}

async function undo(
  project: MigrateProject,
  { amount = 1, to = null as string | null, dryRun = false } = {},
): Promise<string> {
  const folder = await readFolder(project.folder);
  let text = '';
  const report = new ApplyReport(
    part => {
      text += part;
    },
    false,
    { isDown: true },
  );
  const signal = new AbortController().signal;
  await project.inSession({}, signal, async session => {
    await undoMigrations({
      folder,
      session,
      history: historyOf(folder, null),
      options: { amount, to, dryRun, confirm: async () => undefined },
      onEvent: (event: ApplyEvent) => report.add(event),
      signal,
    });
  });
  report.end();
  return text;
}

describe('undoing migrations', () => {
  const files = {
    '1.sql': 'create table a (id int);\n',
    '2.sql': 'create table b (id int);\n',
    '3.sql': 'create table c (id int);\n',
    'down/2.sql': 'drop table b;\n',
    'down/3.sql': 'drop table c;\n',
  };

  it('runs what the folder has for that, the last one first, and forgets them', async () => {
    const app = await applied(files);
    assert.match(
      await undo(app, { to: '1', dryRun: true }),
      /reverting version 3[\s\S]*drop table c;[\s\S]*reverting version 2/,
    );
    assert.equal((await app.revisions()).length, 3);
    assert.match(
      await undo(app, { to: '1' }),
      /^Migrating down from version 3 to version 1 \(2 migrations in total\):\n/,
    );
    assert.deepEqual(
      (await app.revisions()).map(({ version }) => version),
      ['1'],
    );
    assert.deepEqual(await app.query(`select to_regclass('a'), to_regclass('b')`), [['a', 'null']]);
    assert.equal((await app.apply()).error, null, 'and they can be applied again');
  });

  it('runs nothing where one has no script, and says where to write it', async () => {
    const app = await applied(files);
    await assert.rejects(undo(app, { amount: 3 }), (error: Error & { hint?: string }) => {
      assert.equal(error.message, 'There is nothing that undoes 1.sql.');
      assert.match(error.hint!, /^Nothing was run\. Write down\/1\.sql beside it/);
      return true;
    });
    assert.equal((await app.revisions()).length, 3);
  });

  it('keeps a migration whose script fails', async () => {
    const app = await applied({ ...files, 'down/3.sql': 'drop table c;\ndrop table nope;\n' });
    await assert.rejects(undo(app), /^MigrateError: down\/3\.sql:2:1: table "nope" does not exist/);
    assert.deepEqual(await app.query(`select to_regclass('c')`), [['c']]);
    assert.equal((await app.revisions()).length, 3);
  });

  it('takes Hasura’s down.sql', async () => {
    const app = await applied(
      { '1_a/up.sql': 'create table h (id int);\n', '1_a/down.sql': 'drop table h;\n' },
      'migrations/default',
    );
    await undo(app);
    assert.deepEqual(
      await app.query(`select to_regclass('h'), (select count(*) from hdb_catalog.schema_migrations)`),
      [['null', '0']],
    );
  });
});
