import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectClient } from '@peakstone/kernel/pg';
import { until } from '@peakstone/testing';
import { importInto, look, stackDatabase, writeScript } from './support.ts';

describe('an import, of the extensions that a dump names,', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-extensions-'));
  after(() => rmSync(folder, { recursive: true }));

  it('moves no extension into a schema of PostgreSQL’s or the stack’s', async () => {
    const file = join(folder, 'extensions.sql');
    const database = await stackDatabase();
    const where = () =>
      look(
        database,
        `select extname, extnamespace::regnamespace from pg_extension where extname in ('pgcrypto', 'citext') order by 1`,
      );
    try {
      const before = await where();
      for (const schema of [
        'peakstone',
        'cron',
        'information_schema',
        'auth',
        'pg_catalog',
        'pg_toast',
        'hdb_catalog',
      ]) {
        writeScript(
          file,
          `create schema if not exists ${schema};\ncreate extension if not exists pgcrypto with schema ${schema};\ncreate extension if not exists citext with schema ${schema};\nselect 1;\n`,
        );
        await importInto(database, [file], { origin: 'postgres' });
        const found = await where();
        assert.deepEqual(
          found,
          [
            ['citext', 'extensions'],
            ['pgcrypto', before.find(([name]) => name === 'pgcrypto')?.[1] ?? 'extensions'],
          ],
          schema,
        );
      }
    } finally {
      await database.drop();
    }
  });

  it('makes an extension in a schema that has tables and views, and in none that has a type of somebody’s', async () => {
    const file = join(folder, 'among.sql');
    const database = await stackDatabase();
    const owner = await connectClient({ url: database.roleUrl('db_migrator') });
    try {
      await owner.script(`
        create schema app;
        create table app.notes (id int primary key, tags text[]);
        create table app.parted (id int) partition by list (id);
        create view app.noted as select id from app.notes;
        create materialized view app.kept as select id from app.notes;
        create schema typed; create domain typed.mail as text check (value like '%@%');
        create schema composed; create type composed.pair as (a int, b int)`);
      for (const schema of ['typed', 'composed']) {
        writeScript(file, `create extension if not exists hstore with schema ${schema};\nselect 1;\n`);
        const refused = await importInto(database, [file], { origin: 'postgres' });
        const told = refused.notes.find(({ what, name }) => what === 'extension' && name === 'hstore');
        assert.match(told?.why ?? '', new RegExp(`schema ${schema} holds functions, operators or types`));
      }
      writeScript(
        file,
        'CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA app;\nCREATE TABLE app.pairs (pair app.hstore);\n',
      );
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.deepEqual(
        report.notes.filter(({ kind }) => kind === 'failed'),
        [],
      );
      assert.deepEqual(
        await look(
          database,
          `select extnamespace::regnamespace, to_regclass('app.pairs') from pg_extension where extname = 'hstore'`,
        ),
        [['app', 'app.pairs']],
      );
    } finally {
      owner.close();
      await database.drop();
    }
  });

  it('makes no extension among what somebody puts into its schema at that very moment', async () => {
    const file = join(folder, 'beside.sql');
    const database = await stackDatabase();
    const attacker = await connectClient({ url: database.roleUrl('db_migrator') });
    try {
      await attacker.script('create schema app');
      writeScript(file, 'create extension if not exists citext with schema app;\nselect 1;\n');
      await look(database, 'drop extension if exists citext cascade').catch(() => undefined);
      // Not committed: no check sees it, and a script that ran meanwhile would, once it is.
      await attacker.script(
        `begin; create function app.citext_eq(text, text) returns boolean language sql as 'select true'`,
      );
      const imported = importInto(database, [file], { origin: 'postgres' });
      await until(async () => {
        const [row] = await look(
          database,
          `select count(*) from pg_locks where relation = 'pg_catalog.pg_proc'::regclass and mode = 'ShareRowExclusiveLock' and granted`,
        );
        return row![0] !== '0';
      });
      await attacker.script('commit');
      const report = await imported;
      const told = report.notes.find(({ what, name }) => what === 'extension' && name === 'citext');
      assert.match(told?.why ?? '', /schema app holds functions, operators or types of others/);
      assert.deepEqual(await look(database, `select count(*) from pg_extension where extname = 'citext'`), [
        ['0'],
      ]);
    } finally {
      attacker.close();
      await database.drop();
    }
  });
});
