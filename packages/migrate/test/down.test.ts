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

  it('runs a script that says txmode none outside of a transaction', async () => {
    const none = '-- atlas:txmode none\n\n';
    const app = await applied({
      ...files,
      '4.sql': `${none}create index concurrently i on a (id);\ncreate index concurrently j on a (id);\n`,
      'down/4.sql': 'drop index concurrently i;\n',
    });
    await assert.rejects(undo(app), (error: Error & { hint?: string }) => {
      assert.match(
        error.message,
        /^down\/4\.sql:1:1: DROP INDEX CONCURRENTLY cannot run inside a transaction/,
      );
      assert.match(error.hint!, /txmode none.*go on: peakstone migrate down$/);
      return true;
    });
    await app.write({ 'down/4.sql': `${none}drop index concurrently i;\ndrop index concurrently nope;\n` });
    await assert.rejects(undo(app), (error: Error & { hint?: string }) => {
      assert.match(
        error.hint!,
        /^It says txmode none: its first statement is done and stays; take what is done out of the script\. 4\.sql still counts as applied;/,
      );
      return true;
    });
    await app.write({ 'down/4.sql': `${none}drop index concurrently j;\n` });
    await undo(app);
    assert.deepEqual(await app.query(`select to_regclass('i'), to_regclass('j')`), [['null', 'null']]);
    assert.equal((await app.revisions()).length, 3);
  });

  it('says what is kept where a script has ended its transaction unseen', async () => {
    const hidden = `set standard_conforming_strings = off;\ndrop table c;\nselect 'a\\''; commit; select 1; -- '`;
    const app = await applied({ ...files, 'down/3.sql': hidden });
    await assert.rejects(undo(app), (error: Error & { hint?: string }) => {
      assert.match(error.message, /^down\/3\.sql:3:1: it has ended the transaction/);
      assert.match(
        error.hint!,
        /^The file has committed what it had run until then.*3\.sql still counts as applied;/,
      );
      return true;
    });
    assert.deepEqual(await app.query(`select to_regclass('c')`), [['null']]);
  });

  it('takes Hasura’s down.sql', async () => {
    const app = await applied(
      { '1_a/up.sql': 'create table h (id int);\n', '1_a/down.sql': 'drop table h;\n' },
      'migrations/default',
    );
    await app.write({ '1_a/down.sql': '-- hasura:no-transaction\nvacuum h;\ndrop table h;\n' });
    await undo(app);
    assert.deepEqual(
      await app.query(`select to_regclass('h'), (select count(*) from hdb_catalog.schema_migrations)`),
      [['null', '0']],
    );
  });
});
