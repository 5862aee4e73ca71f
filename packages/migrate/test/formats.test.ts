/** Folders of the Supabase CLI and of Hasura, with the tables that those keep. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { readFolder } from '../src/index.ts';
import { MigrateProject } from './project.ts';

const open: MigrateProject[] = [];
after(() => Promise.all(open.map(each => each.close())));
async function project(folder: string, files: Record<string, string>): Promise<MigrateProject> {
  const made = await MigrateProject.make(files, folder);
  open.push(made);
  return made;
}

describe('a folder of the Supabase CLI', () => {
  const supabase = (files: Record<string, string>) => project('supabase/migrations', files);

  it('is applied, and remembered in the table that its CLI keeps', async () => {
    const app = await supabase({
      '20240101000000_init.sql':
        '-- first\ncreate table a (id int);\nbegin;\ninsert into a values (1);\ncommit;\n',
      'notes.sql': 'select nope;\n',
    });
    const { error, diagnostics } = await app.apply();
    assert.equal(error, null);
    assert.deepEqual(
      diagnostics.map(({ file }) => file),
      ['notes.sql'],
    );
    assert.deepEqual(
      await app.query('select version, name, statements from supabase_migrations.schema_migrations'),
      [['20240101000000', 'init', '{"-- first\ncreate table a (id int)","insert into a values (1)"}']],
    );
    assert.equal((await app.status()).state, 'OK');
    assert.equal((await app.apply()).text, 'No migration files to execute\n');
  });

  it('is owned by whoever applies it, where it names Supabase’s role postgres', async () => {
    const text =
      'create table mine (id int);\nalter table public.mine owner to "postgres";\nalter default privileges for role postgres in schema public grant select on tables to public;\n';
    const app = await supabase({ '1_mine.sql': text });
    assert.equal((await app.apply()).error, null);
    const owned = `select tableowner = current_user, (select defaclrole::regrole::text from pg_default_acl) = current_user from pg_tables where tablename = 'mine'`;
    assert.deepEqual(await app.query(owned), [['t', 't']]);
    const [[kept] = []] = await app.query('select statements[2] from supabase_migrations.schema_migrations');
    assert.match(kept!, /owner to "postgres"$/);
  });

  it('is kept whole or not at all, file by file', async () => {
    const app = await supabase({
      '1_a.sql': 'create table a (id int);\n',
      '2_b.sql': 'create table b (id int);\nselect nope;\n',
    });
    assert.match((await app.apply()).error!.message, /^2_b\.sql:2:8/);
    assert.deepEqual(
      await app.query(`select version, to_regclass('b') from supabase_migrations.schema_migrations`),
      [['1', 'null']],
    );
  });

  it('goes by what its CLI has applied: rows of a version alone, gaps, and what the folder lacks', async () => {
    const app = await supabase({
      '1_a.sql': 'select 1;\n',
      '2_b.sql': 'select 2;\n',
      '3_c.sql': 'select 3;\n',
    });
    await app.query('create schema supabase_migrations');
    await app.query('create table supabase_migrations.schema_migrations (version text not null primary key)');
    await app.query(`insert into supabase_migrations.schema_migrations values ('1'), ('3')`);
    assert.deepEqual(
      (await app.status()).outOfOrder.map(({ name }) => name),
      ['2_b.sql'],
    );
    assert.match((await app.apply()).error!.message, /added out of order/);
    assert.equal((await app.apply({ order: 'non-linear' })).error, null);
    await app.query(`insert into supabase_migrations.schema_migrations values ('4')`);
    assert.match((await app.apply()).error!.message, /migrations that the folder has not: 4/);
    await app.set('2');
    assert.deepEqual(
      (await app.status()).pending.map(({ name }) => name),
      ['3_c.sql'],
    );
  });
});

describe('a folder of the Supabase CLI’s whose file begins with what no transaction takes', () => {
  const first = { '1_a.sql': 'create table a (id int);\ninsert into a values (1), (1);\n' };
  const concurrently = 'create index concurrently i on a (id);\n';

  it('is applied, as its CLI does, the rest in a transaction', async () => {
    const app = await project('supabase/migrations', {
      ...first,
      '2_i.sql': concurrently,
      '3_j.sql':
        'create index concurrently j on a (id);\ncreate index concurrently j2 on a (id);\ncreate table b (id int);\n',
    });
    assert.equal((await app.apply()).error, null);
    assert.deepEqual(
      await app.query(`select to_regclass('i'), to_regclass('j'), to_regclass('b'), to_regclass('j2')`),
      [['i', 'j', 'b', 'j2']],
    );
    assert.equal((await app.status()).state, 'OK');
  });

  it('says what stays where it fails', async () => {
    const app = await project('supabase/migrations', {
      ...first,
      '2_i.sql': `${concurrently}create table b (id int);\nselect 1/0;\n`,
    });
    const { error } = await app.apply();
    assert.match(error!.message, /^2_i\.sql:3:1: division by zero$/);
    assert.match(
      error!.hint!,
      /^Its first statement cannot stand in a transaction, and stays: take it out; of the rest nothing is kept[.;]/,
    );
    assert.deepEqual(await app.query(`select to_regclass('i'), to_regclass('b')`), [['i', 'null']]);
    await app.write({ '2_i.sql': 'create unique index concurrently u on a (id);\n' });
    assert.match(
      (await app.apply()).error!.hint!,
      /^Index public\.u is left invalid; before the next attempt: drop index concurrently public\.u; /,
    );
    await app.query('drop index u');
    await app.write({
      '2_i.sql': 'create index concurrently m on a (id);\ncreate unique index concurrently u on a (id);\n',
    });
    assert.match(
      (await app.apply()).error!.hint!,
      /^Its first statement cannot stand in a transaction, and stays: take it out; index public\.u is left invalid; .*of the rest nothing else is kept/,
    );
    await app.write({ '2_i.sql': 'create table b (id int);\ncreate index concurrently k on a (id);\n' });
    assert.match((await app.apply()).error!.message, /cannot run inside a transaction block/);
    assert.deepEqual(await app.query(`select to_regclass('b')`), [['null']]);
  });
});

describe('a folder of Hasura’s', () => {
  const steps = {
    '9_first/up.sql': 'create table a (id int);\n',
    '9_first/down.sql': 'drop table a;\n',
    '10_second/up.sql': '-- hasura:no-transaction\ncreate index concurrently i on a (id);\n',
    '11_empty/up.sql': '',
  };

  it('is applied by number; where no Hasura has been, it is remembered where its CLI takes that over', async () => {
    const app = await project('migrations/default', steps);
    const folder = await readFolder(app.folder);
    assert.equal(folder.format, 'hasura');
    assert.deepEqual(
      folder.files.map(({ name, version, description }) => [name, version, description]),
      [
        ['9_first/up.sql', '9', 'first'],
        ['10_second/up.sql', '10', 'second'],
      ],
    );
    assert.equal((await app.apply()).error, null);
    assert.deepEqual(
      await app.query('select version, dirty from hdb_catalog.schema_migrations order by version'),
      [
        ['9', 'f'],
        ['10', 'f'],
      ],
    );
    await app.set('9');
    assert.deepEqual(
      (await app.status()).pending.map(({ version }) => version),
      ['10'],
    );
  });

  it('may have its files in one folder, as its first version did', async () => {
    const app = await project('migrations/default', {
      '1_a.up.sql': 'create table v1 (id int);\n',
      '1_a.down.sql': 'drop table v1;\n',
      '2_meta.up.yaml': '- type: x\n',
    });
    assert.deepEqual(
      (await app.apply()).diagnostics.map(({ file }) => file),
      ['2_meta.up.yaml'],
    );
    assert.deepEqual(await app.query('select version from hdb_catalog.schema_migrations'), [['1']]);
  });

  it('is remembered in the state of a Hasura that is there, beside everything else in it', async () => {
    const app = await project('migrations/default', steps);
    await app.query('create schema hdb_catalog');
    await app.query(`create table hdb_catalog.hdb_version (hasura_uuid uuid primary key default gen_random_uuid(), version text not null,
      upgraded_on timestamptz not null default now(), cli_state jsonb not null default '{}', console_state jsonb not null default '{}')`);
    const state = {
      settings: { migration_mode: 'true' },
      migrations: { other: { 1: false } },
      isStateCopyCompleted: true,
    };
    await app.query(
      `insert into hdb_catalog.hdb_version (version, cli_state) values ('48', '${JSON.stringify(state)}')`,
    );
    assert.equal((await app.apply()).error, null);
    const [[text] = []] = await app.query('select cli_state from hdb_catalog.hdb_version');
    assert.deepEqual(JSON.parse(text!), {
      ...state,
      migrations: { other: { 1: false }, default: { 9: false, 10: false } },
    });
    assert.equal((await app.status()).state, 'OK');
    await app.set('9');
    assert.deepEqual(
      (await app.status()).pending.map(({ version }) => version),
      ['10'],
    );
  });
});
