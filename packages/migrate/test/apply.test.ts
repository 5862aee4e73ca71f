import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MigrateProject } from './project.ts';

const init = 'create table a (id int primary key);\n';

/** Projects of this file, each with a database of its own. */
const open: MigrateProject[] = [];
async function project(files: Record<string, string>): Promise<MigrateProject> {
  const made = await MigrateProject.make(files);
  open.push(made);
  return made;
}
after(() => Promise.all(open.map(each => each.close())));

describe('applying migrations', () => {
  it('applies what is new, once, and remembers each file as Atlas does', async () => {
    const app = await project({
      '1_init.sql': init,
      '2_b.sql': 'create table b (id int);\nalter table a add n int;\n',
    });
    const first = await app.apply();
    assert.equal(first.error, null);
    assert.match(
      first.text,
      /^Migrating to version 2 \(2 migrations in total\):\n\n {2}-- migrating version 1\n {4}-> create table a \(id int primary key\);\n {2}-- ok \(/,
    );
    assert.match(first.text, /\n {2}-- 2 migrations\n {2}-- 3 sql statements\n$/);
    assert.deepEqual(
      (await app.revisions()).map(({ version, description, type, applied, total, error }) => [
        version,
        description,
        type,
        applied,
        total,
        error,
      ]),
      [
        ['1', 'init', 2, 1, 1, ''],
        ['2', 'b', 2, 2, 2, ''],
      ],
    );
    assert.equal((await app.apply()).text, 'No migration files to execute\n');
    assert.deepEqual(
      await app.query(
        `select partial_hashes::text, hash <> '' from atlas_schema_revisions.atlas_schema_revisions`,
      ),
      [
        ['null', 't'],
        ['null', 't'],
      ],
    );
  });

  it('keeps nothing of a file that fails, says where, and goes on once it is mended', async () => {
    const app = await project({
      '1_init.sql': init,
      '2_bad.sql': 'create table x (id int);\n\n  insert into nope values (1);\n',
    });
    const { error, text } = await app.apply();
    assert.match(error!.message, /^2_bad\.sql:3:15: relation "nope" does not exist$/);
    assert.match(error!.hint!, /Of this file nothing is kept; 1 file before it is applied\. Then mend it/);
    assert.match(text, /-- 1 migration ok, 1 with errors\n {2}-- 2 sql statements ok, 1 with errors\n$/);
    assert.deepEqual(
      (await app.revisions()).map(({ version }) => version),
      ['1'],
    );
    await app.write({ '2_bad.sql': 'create table x (id int);\n' });
    assert.equal((await app.apply()).error, null);
    assert.equal((await app.status()).state, 'OK');
  });

  it('goes on at the statement that failed where a file is no transaction, and refuses when one before it has changed', async () => {
    const none = '-- atlas:txmode none\n\n';
    const app = await project({
      '1.sql': `${none}create table x (id int);\ninsert into nope values (1);\ncreate table y (id int);\n`,
    });
    const { error } = await app.apply();
    assert.match(
      error!.hint!,
      /statements 1 to 1 of 3 are applied and stay, and apply goes on at statement 2/,
    );
    const [left] = await app.revisions();
    assert.deepEqual(
      [left!.applied, left!.total, left!.error, left!.errorStatement, left!.partialHashes?.length],
      [1, 3, 'pq: relation "nope" does not exist at column 13 (42P01)', 'insert into nope values (1);', 1],
    );
    await app.write({
      '1.sql': `${none}create table x (id bigint);\ncreate table nope (id int);\ncreate table y (id int);\n`,
    });
    assert.match(
      (await app.apply()).error!.message,
      /^history changed: statement 1 from file "1\.sql" changed$/,
    );
    await app.write({ '1.sql': `${none}create table x (id int);\ncreate table nope (id int);\n` });
    assert.equal((await app.apply()).error, null);
    const [whole] = await app.revisions();
    assert.deepEqual([whole!.applied, whole!.total, whole!.error, whole!.partialHashes], [2, 2, '', null]);
    assert.deepEqual((await app.apply()).diagnostics, []);
  });

  it('keeps all files or none with one transaction for all', async () => {
    const app = await project({ '1.sql': init, '2.sql': 'create table z (id int);\nselect 1/0;\n' });
    const { error } = await app.apply({ txMode: 'all' });
    assert.match(error!.hint!, /All of it was rolled back/);
    assert.deepEqual(await app.revisions(), []);
    await app.write({ '2.sql': 'create table z (id int);\n' });
    assert.equal((await app.apply({ txMode: 'all' })).error, null);
    assert.equal((await app.revisions()).length, 2);
  });

  it('tells a failure that comes with the commit', async () => {
    const deferred =
      'create table p (id int primary key); create table c (p int references p deferrable initially deferred); insert into c values (1);';
    const app = await project({ '1.sql': deferred });
    assert.match(
      (await app.apply()).error!.message,
      /^1\.sql, at its commit: insert or update on table "c" violates/,
    );
    assert.deepEqual(await app.revisions(), []);
  });

  it('starts on a database that is in use only when told how', async () => {
    const app = await project({ '1.sql': init, '2.sql': 'create table b (id int);\n' });
    await app.query('create table a (id int primary key)');
    const refused = await app.apply();
    assert.match(refused.error!.message, /not clean: found schema "public"/);
    assert.match((await app.apply({ baseline: '7' })).error!.message, /^baseline version "7" not found$/);
    assert.equal((await app.apply({ baseline: '1' })).error, null);
    assert.deepEqual(
      (await app.revisions()).map(({ version, type, hash }) => [version, type, hash === '']),
      [
        ['1', 1, true],
        ['2', 2, false],
      ],
    );
  });

  it('refuses a file that was added below the last one applied, or skips it, or applies it', async () => {
    const app = await project({ '1.sql': init, '3.sql': 'select 3;\n' });
    await app.apply();
    await app.write({ '2.sql': 'create table late (id int);\n', '4.sql': 'select 4;\n' });
    assert.match((await app.apply()).error!.message, /^migration file 2\.sql was added out of order/);
    assert.equal((await app.status()).outOfOrder.length, 1);
    const skipping = await app.apply({ order: 'linear-skip' });
    assert.match(skipping.text, /^Migrating to version 4 from 3 \(1 migrations/);
    assert.equal((await app.apply({ order: 'non-linear' })).error, null);
    assert.deepEqual((await app.apply()).diagnostics, [], 'a late file is no edit of those behind it');
  });

  it('begins an empty database at the last checkpoint, and passes over it elsewhere', async () => {
    const app = await project({ '1.sql': init });
    await app.apply();
    const checkpoint = { '2_checkpoint.sql': `-- atlas:checkpoint\n\n${init}`, '3.sql': 'select 3;\n' };
    await app.write(checkpoint);
    await app.apply();
    assert.deepEqual(
      (await app.revisions()).map(({ version }) => version),
      ['1', '3'],
    );
    const fresh = await project({ '1.sql': init, ...checkpoint });
    await fresh.apply();
    assert.deepEqual(
      (await fresh.revisions()).map(({ version }) => version),
      ['2', '3'],
    );
  });

  it('shows what it would do, and does nothing', async () => {
    const app = await project({ '1.sql': init, '2.sql': 'select 2;\n' });
    const { text } = await app.apply({ dryRun: true, amount: 1 });
    assert.match(text, /^Migrating to version 1 \(1 migrations[\s\S]*-> create table a/);
    assert.deepEqual(await app.revisions(), []);
    assert.deepEqual(await app.query(`select to_regclass('a')`), [['null']]);
  });

  it('says where a database is without running anything, forwards and back', async () => {
    const app = await project({ '1.sql': init, '2.sql': 'select 1/0;\n', '3.sql': 'select 3;\n' });
    await app.set('2');
    assert.deepEqual(
      (await app.revisions()).map(({ version, type }) => [version, type]),
      [
        ['1', 4],
        ['2', 4],
      ],
    );
    await app.set('1');
    assert.deepEqual((await app.revisions()).length, 1);
    await app.set(null);
    assert.equal((await app.status()).state, 'OK');
    await assert.rejects(app.set('9'), /migration with version "9" not found/);
  });

  it('stops at Ctrl-C, and rolls back the file under way', async () => {
    const app = await project({
      '1.sql': init,
      '2.sql': 'create table b (id int);\nselect pg_sleep(600);\n',
    });
    const abort = new AbortController();
    const { error } = await app.apply(
      {},
      {},
      {
        signal: abort.signal,
        onEvent: event => {
          if (event.kind === 'statement' && event.text.includes('pg_sleep'))
            setTimeout(() => abort.abort(), 100);
        },
      },
    );
    assert.equal(error!.code, 'cancelled');
    assert.deepEqual(
      (await app.revisions()).map(({ version }) => version),
      ['1'],
    );
  });

  it('keeps the table of revisions where the URL, or an option, says', async () => {
    const app = await project({ '1.sql': 'create table here (id int);\n' });
    await app.query('create schema s');
    const { error } = await app.apply(
      {},
      { url: `${app.database.url}${app.database.url.includes('?') ? '&' : '?'}search_path=s` },
    );
    assert.equal(error, null);
    assert.deepEqual(
      await app.query(`select to_regclass('s.atlas_schema_revisions'), to_regclass('s.here')`),
      [['s.atlas_schema_revisions', 's.here']],
    );
  });
});

describe('the lock against another migration', () => {
  let app: MigrateProject;
  before(async () => {
    app = await project({ '1.sql': init });
  });

  it('is Atlas’ own, and says who has it', async () => {
    const other = await MigrateProject.make({});
    open.push(other);
    await app.database.pool.query('select pg_advisory_lock(2686470616)');
    const { error } = await app.apply({}, { lockTimeoutMs: 0 });
    assert.match(error!.message, /somebody else migrates this database.*Session \d+ has it/);
    assert.equal((await other.apply()).error, null, 'other databases have their own');
    await app.database.pool.query('select pg_advisory_unlock_all()');
    assert.equal((await app.apply()).error, null);
  });

  it('is not given back by what a file does', async () => {
    await app.write({ '2.sql': 'select pg_advisory_unlock_all();\ndiscard temp;\n' });
    let seen = '';
    await app.apply(
      {},
      {},
      {
        onEvent: event => {
          if (event.kind === 'fileApplied') seen = event.file.version;
        },
      },
    );
    assert.equal(seen, '2');
  });
});
