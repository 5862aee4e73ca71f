import assert from 'node:assert/strict';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { filesOf, manifestName } from '../src/catalog/backups.ts';
import { type Backup, parseTarget, restoreBackup, verifyBackups } from '../src/index.ts';
import { readParts } from '../src/parts/reader.ts';
import { readTar } from '../src/restore/tar.ts';
import { type Lab, openLab, type Receiving } from './lab.ts';
import { findProgram, runProgram } from './programs.ts';

/** Tables that shrink, grow again, are dropped, made and rewritten between one backup and the next. */
const stages = [
  `create table grows (id int, t text); insert into grows select g, repeat('a', 300) from generate_series(1, 3000) g;
   create table shrinks (id int primary key, t text); insert into shrinks select g, repeat('b', 300) from generate_series(1, 5000) g;
   create table goes (id int); insert into goes select generate_series(1, 1000);
   create table still (id int primary key, t text); insert into still select g, repeat('c', 300) from generate_series(1, 5000) g`,
  `insert into grows select g, repeat('d', 300) from generate_series(3001, 6000) g;
   truncate shrinks; insert into shrinks select g, 'short' from generate_series(1, 10) g;
   drop table goes; create table comes (id int); insert into comes select generate_series(1, 500);
   update still set t = 'changed' where id % 1000 = 0`,
  `insert into shrinks select g, repeat('e', 300) from generate_series(11, 4000) g;
   delete from grows where id > 100; create index on still (t); drop table comes`,
];
const digest = `select string_agg(md5, ' ') from (
  select md5(string_agg(x::text, ',' order by x::text)) from (select g as x from grows g) a
  union all select md5(string_agg(x::text, ',' order by x::text)) from (select s as x from shrinks s) b
  union all select md5(string_agg(x::text, ',' order by x::text)) from (select s as x from still s) c) d`;

describe('a chain of incremental backups', () => {
  let lab: Lab;
  let receiving: Receiving | undefined;
  const chain: Backup[] = [];
  before(async () => {
    lab = await openLab();
    for (const [at, stage] of stages.entries()) {
      await lab.sql.script(stage);
      for (const table of ['grows', 'shrinks', 'still']) await lab.sql.query(`vacuum (truncate) ${table}`);
      await lab.sql.query('checkpoint');
      chain.push(await lab.backUp(at === 0 ? 'full' : 'incremental'));
      receiving ??= await lab.receive();
    }
    await receiving!.caughtUp();
  });
  after(async () => {
    await receiving?.stop();
    await lab.close();
  });

  it('is a small part of the full one, and becomes the same database', async () => {
    assert.deepEqual(
      chain.map(({ kind }) => kind),
      ['full', 'incremental', 'incremental'],
    );
    assert.deepEqual(
      chain.slice(1).map(({ parent }) => parent),
      chain.slice(0, 2).map(({ id }) => id),
    );
    const [row] = await lab.sql.query(digest);
    const { rows } = await lab.restore({}, digest);
    assert.deepEqual(rows, [String(row![0])]);
    const { rows: checked } = await lab.restore(
      {},
      `select count(bt_index_check(c.oid)) > 100 from pg_class c join pg_am a on a.oid = c.relam
       where c.relkind = 'i' and a.amname = 'btree' and c.relpersistence = 'p'`,
    );
    assert.deepEqual(checked, ['t']);
  });

  const combine = findProgram('pg_combinebackup');
  const verify = findProgram('pg_verifybackup');
  it('is put together byte for byte as PostgreSQL’s own pg_combinebackup does', {
    skip: combine && verify ? false : 'PostgreSQL 17’s client programs are not installed here',
  }, async () => {
    const vault = await lab.vault();
    const folders: string[] = [];
    for (const backup of chain) {
      const folder = path.join(lab.folder, `raw-${backup.id}`);
      mkdirSync(folder, { mode: 0o700 });
      for await (const entry of readTar(readParts(vault, filesOf(backup)))) {
        const place = path.join(folder, entry.path);
        if (entry.kind === 'folder') mkdirSync(place, { recursive: true, mode: 0o700 });
        else {
          const file = createWriteStream(place, { mode: 0o600 });
          for (let bytes = await entry.body.take(1 << 20); bytes; bytes = await entry.body.take(1 << 20))
            file.write(bytes);
          await new Promise(resolve => file.end(resolve));
        }
      }
      writeFileSync(path.join(folder, 'backup_manifest'), (await vault.read(manifestName(backup.id)))!);
      folders.push(folder);
    }
    const theirs = path.join(lab.folder, 'theirs');
    runProgram(combine!, [...folders, '-o', theirs]);
    const ours = path.join(lab.folder, 'ours');
    const { signal } = new AbortController();
    await restoreBackup({ vault, into: ours, target: parseTarget({}), onEvent: () => undefined, signal });
    // What a recovery needs besides, and what tells of the backup itself.
    const own = /^(?:pg_wal\/.+|backup_manifest|recovery\.signal|postgresql\.auto\.conf)$/;
    const files = (root: string) =>
      readdirSync(root, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => path.relative(root, path.join(entry.parentPath, entry.name)))
        .filter(file => !own.test(file))
        .sort();
    assert.deepEqual(files(ours), files(theirs));
    const different = files(ours).filter(
      file => !readFileSync(path.join(ours, file)).equals(readFileSync(path.join(theirs, file))),
    );
    assert.deepEqual(different, []);
  });

  it('keeps apart two backups that begin in the same second', async () => {
    const made = await Promise.all([lab.backUp('full'), lab.backUp('full')]);
    assert.notEqual(made[0].id, made[1].id);
    const { signal } = new AbortController();
    const { backups } = await verifyBackups(await lab.vault(), {
      deep: true,
      onEvent: () => undefined,
      signal,
    });
    assert.deepEqual(
      backups.filter(({ problems }) => problems.length > 0),
      [],
    );
  });

  it('is refused where the server cannot tell what has changed, and a full one is made instead by schedule', async () => {
    await lab.sql.query('alter system set summarize_wal = off');
    await lab.sql.query('select pg_reload_conf()');
    await assert.rejects(lab.backUp('incremental'), /does not summarize its WAL/);
    assert.equal((await lab.backUp('auto')).kind, 'full');
  });
});
