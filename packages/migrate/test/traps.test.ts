/** What broke migrations of others, each by a test. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { connectClient, parseConninfo } from '@peakstone/kernel/pg';
import { inspectFolder, isMigrationName, readFolder, splitMigration } from '../src/index.ts';
import { MigrateProject } from './project.ts';

const open: MigrateProject[] = [];
async function project(files: Record<string, string>): Promise<MigrateProject> {
  const made = await MigrateProject.make(files);
  open.push(made);
  return made;
}
after(() => Promise.all(open.map(each => each.close())));

const roots: string[] = [];
after(() => {
  for (const root of roots) rmSync(root, { recursive: true });
});

/** A pooler at its simplest: all clients talk to one session of the server, each when it has something to say. */
async function sharedSession(url: string): Promise<{ readonly port: number; close(): void }> {
  const [place] = parseConninfo(url).hosts;
  const { host, port } = place!;
  const server = host.startsWith('/') ? dial(`${host}/.s.PGSQL.${port}`) : dial(port, host);
  const clients: Socket[] = [];
  let asking: Socket | undefined;
  server.on('data', bytes => void asking?.write(bytes)).on('error', () => undefined);
  const pooler = createServer(client => {
    clients.push(client);
    client.on('error', () => undefined);
    // Whoever comes later is let in at once: AuthenticationOk, ReadyForQuery.
    let greet = clients.length > 1;
    client.on('data', bytes => {
      if (greet) client.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]));
      else if (bytes[0] !== 0x58) {
        asking = client;
        server.write(bytes);
      }
      greet = false;
    });
  });
  pooler.listen(0, '127.0.0.1');
  await once(pooler, 'listening');
  return {
    port: (pooler.address() as { port: number }).port,
    close: () => {
      for (const socket of [server, ...clients]) socket.destroy();
      pooler.close();
    },
  };
}

const refusal = async (files: Record<string, string>): Promise<readonly [message: string, hint: string]> => {
  const app = await project({ '1.sql': 'create table first (id int);\n', ...files });
  const { error } = await app.apply();
  assert.deepEqual(await app.query(`select to_regclass('first')`), [['null']], 'nothing was run');
  assert.equal(error!.code, 'refused');
  assert.match(error!.hint!, /^Nothing was run\. /);
  return [error!.message, error!.hint!];
};

describe('a folder whose past was changed', () => {
  it('is told: which applied file was edited, and which is gone', async () => {
    const app = await project({ '1.sql': 'select 1;\n', '2.sql': 'select 2;\n', '3.sql': 'select 3;\n' });
    await app.apply();
    await app.write({ '2.sql': 'select 22;\n' });
    assert.deepEqual(
      (await app.apply()).diagnostics.map(({ file, message }) => [file, message]),
      [['2.sql', 'is not what was applied to this database: it, or a file before it, was edited since.']],
    );
    await app.write({ '2.sql': 'select 2;\n', '3.sql': null });
    assert.deepEqual(
      (await app.apply()).diagnostics.map(({ file, message }) => [file, message]),
      [['3', 'was applied to this database and is no longer in the folder.']],
    );
  });

  it('is not applied while two files have one version', async () => {
    const [message] = await refusal({ '2_a.sql': 'select 1;\n', '2_b.sql': 'select 2;\n' });
    assert.match(message, /^2_b\.sql has version 2, as 2_a\.sql has/);
  });
});

describe('texts of statements', () => {
  it('say by which rules they were cut', async () => {
    const app = await project({ '1.sql': 'select 1;\n' });
    await app.apply({ operatorVersion: 'PeakStone 1, statements 1' });
    assert.equal((await app.revisions())[0]!.operatorVersion, 'PeakStone 1, statements 1');
  });

  it('have no byte-order mark in them, and keep their directives', async () => {
    const app = await project({
      '1.sql':
        '\ufeff-- atlas:txmode none\n\ncreate table b (id int);\ncreate index concurrently i on b (id);\n',
    });
    const { error, diagnostics } = await app.apply();
    assert.equal(error, null);
    assert.match(diagnostics[0]!.message, /byte-order mark/);
  });

  it('are known where Atlas cannot cut them, and that is said', async () => {
    const app = await project({
      '1.sql': `create table q (t text default E'it\\'s; "fine');\n/* a /* b */ c; */\nselect 1;\n`,
    });
    const { error, diagnostics } = await app.apply();
    assert.equal(error, null);
    assert.match(diagnostics[0]!.message, /Atlas cuts it elsewhere/);
    assert.equal(splitMigration(`select E'\\'';`).by, 'postgres');
  });
});

describe('a folder', () => {
  const folderOf = (prepare: (folder: string) => void): string => {
    const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-folder-'));
    roots.push(folder);
    prepare(folder);
    return folder;
  };

  it('with what is no plain file says which that is, and waits for none', async () => {
    const inside = folderOf(folder => mkdirSync(path.join(folder, '1_x.sql')));
    await assert.rejects(readFolder(inside, 'atlas'), /1_x\.sql is a folder\.$/);
    const pipe = folderOf(folder => execFileSync('sh', ['-c', 'mkfifo 1_x.sql'], { cwd: folder }));
    await assert.rejects(readFolder(pipe, 'atlas'), /1_x\.sql is no plain file\.$/);
  });

  it('has no names that its sums cannot hold', async () => {
    for (const name of ['1_x\ny.sql', '1_x h1:y.sql']) {
      const folder = folderOf(each => writeFileSync(path.join(each, name), 'select 1;'));
      await assert.rejects(readFolder(folder, 'atlas'), {
        code: 'folder',
        message: /is no name that atlas\.sum can hold/,
      });
      assert.equal(isMigrationName(name.slice(2, -4)), false);
    }
    assert.equal(isMigrationName('add users’ é'), true);
  });

  it('meets a table of somebody else’s in the place of its history, and says so', async () => {
    const app = await project({ '1.sql': 'select 1;\n' });
    await app.query('create schema atlas_schema_revisions');
    await app.query('create table atlas_schema_revisions.atlas_schema_revisions (id int)');
    const { error } = await app.apply();
    assert.match(
      error!.message,
      /^atlas_schema_revisions\.atlas_schema_revisions is no table of revisions: column "version" does not exist\.$/,
    );
    assert.match(error!.hint!, /--revisions-schema NAME/);
  });
});

describe('what would fail half-way', () => {
  it('is never said to be undone where it has ended its transaction unseen', async () => {
    // With that setting the text ends elsewhere than it seems to.
    const hidden = `select 'a\\''; commit; select ''; -- '`;
    for (const rest of ['', '\n;\nselect 1/0;']) {
      const app = await project({
        '1.sql': 'create table before (id int);',
        '2.sql': `set standard_conforming_strings = off;\ncreate table kept (id int);\n${hidden}${rest}`,
      });
      const { error } = await app.apply();
      assert.match(
        error!.message,
        /^2\.sql:3:1: it has ended the transaction that its file runs in \(COMMIT\)$/,
      );
      assert.match(error!.hint!, /^The file has committed what it had run until then, which stays;/);
      assert.deepEqual(await app.query(`select to_regclass('kept')`), [['kept']]);
      assert.equal((await app.revisions()).length, 1);
    }
    const app = await project({
      '1.sql': `set standard_conforming_strings = off;\ncreate table kept (id int);\nselect 'a\\''; commit; select 1/0; -- '`,
    });
    const { error } = await app.apply();
    assert.match(error!.message, /division by zero$/);
    assert.match(error!.hint!, /^The file has committed what it had run until then/);
  });

  it('is named before anything runs: rows of COPY, lines for psql, BEGIN and COMMIT', async () => {
    const [copy, remedy] = await refusal({
      '2.sql': 'select 1;\n-- rows\ncopy first (id) from stdin;\n1\n\\.\n',
    });
    assert.match(copy, /^2\.sql:3: COPY … FROM STDIN/);
    assert.match(remedy, /INSERT/);
    const [psql] = await refusal({ '2.sql': '--\n\n\\restrict abc\nselect 1;\n' });
    assert.match(psql, /^2\.sql:3: \\restrict is a line for psql/);
    for (const command of [
      'begin',
      'COMMIT',
      'start transaction',
      'rollback',
      '-- x\rcommit',
      'select begin atomic from t; commit',
    ])
      assert.match(
        (await refusal({ '2.sql': `select 1;\n${command};\n` }))[0],
        /^2\.sql:2: .* would end the transaction/,
      );
  });

  it('leaves savepoints, functions and words in texts alone', async () => {
    const app = await project({
      '1.sql': `savepoint s; select 1; rollback to savepoint s;\ndo $$ begin perform 1; end $$;\nselect 'begin; commit;' as "\\d";\n`,
    });
    assert.equal((await app.apply()).error, null);
  });

  it('may be a transaction of the file’s own where it is none by itself, which is resumed at its BEGIN', async () => {
    const app = await project({
      '1.sql':
        '-- atlas:txmode none\n\ncreate table x (id int);\nbegin;\ncreate table y (id int);\nselect 1/0;\ncommit;\n',
    });
    await app.apply();
    assert.deepEqual(await app.query(`select to_regclass('x'), to_regclass('y')`), [['x', 'null']]);
    assert.equal((await app.revisions())[0]!.applied, 1);
    await app.write({
      '1.sql':
        '-- atlas:txmode none\n\ncreate table x (id int);\nbegin;\ncreate table y (id int);\ncommit;\n',
    });
    assert.equal((await app.apply()).error, null);
    assert.deepEqual(await app.query(`select to_regclass('y')`), [['y']]);
  });
});

describe('an index that was to be made concurrently', () => {
  it('is left invalid by a failure; that is said, and IF NOT EXISTS does not take it for done', async () => {
    const make = 'create unique index concurrently if not exists once on t (id);\n';
    const app = await project({
      '1.sql': 'create table t (id int); insert into t values (1), (1);\n',
      '2.sql': `-- atlas:txmode none\n\n${make}`,
    });
    const first = await app.apply();
    assert.match(
      first.error!.hint!,
      /Index public\.once is left invalid; before the next attempt: drop index concurrently public\.once/,
    );
    await app.query('delete from t');
    const second = await app.apply();
    assert.match(second.error!.message, /^2\.sql:3: index public\.once is there, but invalid/);
    await app.query('drop index once');
    assert.equal((await app.apply()).error, null);
  });

  it('needs a file without a transaction, and that is the remedy', async () => {
    const app = await project({
      '1.sql': 'create table t (id int);\n',
      '2.sql': 'create index concurrently i on t (id);\n',
    });
    assert.match((await app.apply()).error!.hint!, /^It cannot run in a transaction: .*atlas:txmode none/);
  });
});

describe('the state of a session', () => {
  it('is not handed from file to file: search path, role, settings, temporary tables', async () => {
    const app = await project({
      '1.sql': `create schema s;\nset search_path = s;\nset work_mem = '77MB';\ncreate temporary table left_over (id int);\ncreate table one (id int);\n`,
      '2.sql': `create table two (id int);\ncreate temporary table left_over (id int);\ncreate table seen as select current_setting('work_mem') as mem;\n`,
    });
    const { error, diagnostics } = await app.apply();
    assert.equal(error, null);
    assert.match(diagnostics[0]!.message, /^sets search_path for the session; it is put back/);
    assert.deepEqual(
      await app.query(
        `select to_regclass('s.one'), to_regclass('public.two'), (select mem from seen) = '77MB'`,
      ),
      [['s.one', 'two', 'f']],
    );
  });

  it('is not handed on in one transaction for all either', async () => {
    const app = await project({
      '1.sql': 'create schema s;\nset search_path = s;\n',
      '2.sql': 'create table two (id int);\n',
    });
    assert.equal((await app.apply({ txMode: 'all' })).error, null);
    assert.deepEqual(await app.query(`select to_regclass('public.two')`), [['two']]);
  });
});

describe('a lock that others hold', () => {
  it('is waited for shortly, given back, and asked for again', async () => {
    const app = await project({ '1.sql': 'create table busy (id int);\n' });
    await app.apply();
    await app.write({ '2.sql': 'create table other (id int);\nalter table busy add n int;\n' });
    const holder = await connectClient({ url: app.database.superuserUrl });
    await holder.script('begin; lock table busy in access share mode');
    let attempts = 0;
    const { error } = await app.apply(
      { attempts: { count: 50, pauseMs: 1 } },
      { tableLockTimeoutMs: 50 },
      {
        onEvent: event => {
          if (event.kind === 'again' && ++attempts === 2) void holder.script('rollback');
        },
      },
    );
    holder.close();
    assert.equal(error, null);
    assert.ok(attempts >= 2);
    assert.equal((await app.revisions()).length, 2);
  });

  it('is named with whoever holds it, and not waited for without end', async () => {
    const app = await project({ '1.sql': 'create table busy (id int);\n' });
    await app.apply();
    await app.write({ '2.sql': 'alter table busy add n int;\n' });
    const holder = await connectClient({ url: app.database.superuserUrl });
    await holder.script('begin; lock table busy in access share mode');
    const late = await app.apply({ attempts: { count: 1, pauseMs: 1 } }, { tableLockTimeoutMs: 50 });
    assert.match(late.error!.message, /^2\.sql:1:1: canceling statement due to lock timeout/);
    let waits = '';
    const { error } = await app.apply(
      {},
      {},
      {
        onEvent: event => {
          if (event.kind !== 'waiting') return;
          waits = event.text;
          void holder.script('rollback');
        },
      },
    );
    holder.close();
    assert.equal(error, null);
    assert.match(waits, /^2\.sql:1 waits for session \d+ \(/);
  });

  it('is bounded by what the role says, where it says something', async () => {
    const app = await project({
      '1.sql': `create table seen as select current_setting('lock_timeout') as bound;\n`,
    });
    await app.query(`alter role ${app.database.name} set lock_timeout = '7s'`);
    await app.apply();
    assert.deepEqual(await app.query('select bound from seen'), [['7s']]);
  });
});

describe('what is said of files, without a database', () => {
  it('a constraint that is validated where it was made not valid gains nothing', async () => {
    const app = await project({
      '1.sql':
        'alter table t add constraint c check (n > 0) not valid;\nalter table t validate constraint c;\n',
    });
    const [finding] = inspectFolder(await readFolder(app.folder));
    assert.match(finding!.message, /NOT VALID and validates it in one transaction/);
  });

  it('10 comes before 9', async () => {
    const app = await project({ '10_ten.sql': 'select 10;\n', '9_nine.sql': 'select 9;\n' });
    const [finding] = inspectFolder(await readFolder(app.folder));
    assert.deepEqual(
      [finding!.file, finding!.message],
      ['10_ten.sql', 'comes before 9_nine.sql: versions sort as text.'],
    );
  });
});

it('a value that was added to an enum can be used in the next file, and that is the remedy', async () => {
  const app = await project({
    '1.sql': `create type mood as enum ('sad');\n`,
    '2.sql': `alter type mood add value 'ok';\nselect 'ok'::mood;\n`,
  });
  assert.match(
    (await app.apply()).error!.hint!,
    /^A value that was added to an enum can be used once it is committed/,
  );
});

it('a pooler that shares sessions is refused, with the address to take', async () => {
  const app = await project({ '1.sql': 'select 1;\n' });
  const pooler = await sharedSession(app.database.url);
  const { user, password, database } = parseConninfo(app.database.url);
  const url = `postgres://${user}:${password}@127.0.0.1:${pooler.port}/${database}?sslmode=disable`;
  const { error } = await app.apply({}, { url });
  pooler.close();
  assert.equal(error!.code, 'pooled', error?.message);
  assert.match(error!.hint!, /5432/);
});
