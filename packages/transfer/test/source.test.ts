import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fixture, importInto, look, told, withDatabase, writeScript } from './support.ts';

const closing = '\n--\n-- PostgreSQL database dump complete\n--\n';

describe('the database that a dump was made of', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-source-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  /** As pg_dump --create writes it. */
  const created = (name: string, text: string): string =>
    `--\n-- PostgreSQL database dump\n--\nCREATE DATABASE ${name} WITH TEMPLATE = template0;\nALTER DATABASE ${name} OWNER TO postgres;\n\\connect ${name}\n${text}${closing}`;
  const all = (...parts: readonly string[]): string =>
    `--\n-- PostgreSQL database cluster dump\n--\nCREATE ROLE source_role;\n${parts.join('')}\n--\n-- PostgreSQL database cluster dump complete\n--\n`;
  const films = 'CREATE TABLE public.films (id int);\nCOPY public.films (id) FROM stdin;\n1\n\\.\n';

  it('may have any name: one that alone holds anything is imported', async () => {
    for (const [name, text] of [
      ['created.sql', created('small', films)],
      ['cluster.sql', all('\\connect template1\n', created('postgres', ''), created('small', films))],
    ] as const)
      await withDatabase(async database => {
        const report = await importInto(database, [write(name, text)], { origin: 'postgres' });
        assert.deepEqual(report.rows, { 'public.films': 1 });
        assert.deepEqual(told(report, 'aside', 'database'), []);
        await look(database, 'drop role if exists source_role');
      });
  });

  it('is asked for where there are several, or none of the name that was given', async () => {
    const several = write('several.sql', all(created('one', films), created('two', films)));
    await withDatabase(async database => {
      await assert.rejects(importInto(database, [several]), (error: Error & { hint?: string }) => {
        assert.equal(error.message, 'The dump has several databases: one, two.');
        assert.equal(error.hint, 'Choose one: --database one');
        return true;
      });
      await assert.rejects(
        importInto(database, [several], { database: 'three' }),
        /^TransferError: The dump has no database three; it has one, two\.$/,
      );
      await assert.rejects(
        importInto(database, [write('empty.sql', created('small', ''))]),
        /^TransferError: The database small holds nothing in this dump\.$/,
      );
      const report = await importInto(database, [several], { database: 'two', origin: 'postgres' });
      assert.deepEqual(report.rows, { 'public.films': 1 });
      assert.deepEqual(told(report, 'aside', 'database'), ['one']);
      await look(database, 'drop role if exists source_role');
    });
  });

  it('has functions that name things without a schema: what calls them is made under its search path', async () => {
    const body = (path: string, schema: string): string => `${path}CREATE SCHEMA IF NOT EXISTS ${schema};
CREATE TABLE ${schema}.cities (name text);
CREATE FUNCTION ${schema}.bytes_of(x bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$select encode(x, 'hex')$$;
CREATE FUNCTION ${schema}.short(x uuid) RETURNS text LANGUAGE sql IMMUTABLE AS $$select bytes_of(decode(replace(x::text, '-', ''), 'hex'))$$;
CREATE FUNCTION ${schema}.has_city(c text) RETURNS boolean LANGUAGE sql AS $$select exists (select 1 from cities where name = c)$$;
CREATE TABLE ${schema}.gen (id uuid, s text GENERATED ALWAYS AS (${schema}.short(id)) STORED);
CREATE TABLE ${schema}.people (c text, CONSTRAINT known CHECK (${schema}.has_city(c)));
COPY ${schema}.cities (name) FROM stdin;
Oslo
\\.
COPY ${schema}.gen (id) FROM stdin;
00000000-0000-4000-8000-000000000001
\\.
COPY ${schema}.people (c) FROM stdin;
Oslo
\\.
INSERT INTO ${schema}.people (c) VALUES ('Oslo');
ALTER TABLE ${schema}.people ADD CONSTRAINT again CHECK (${schema}.has_city(c));
`;
    for (const [name, text, schema] of [
      [
        'usual.sql',
        `SELECT pg_catalog.set_config('search_path', '', false);\n${body('', 'public')}\nRESET ALL;\n`,
        'public',
      ],
      [
        'own.sql',
        created('small', body(`ALTER DATABASE small SET search_path TO 'app', 'public';\n`, 'app')),
        'app',
      ],
    ] as const)
      await withDatabase(async database => {
        const report = await importInto(database, [write(name, text)], { origin: 'postgres' });
        assert.deepEqual(told(report, 'failed', 'statement'), []);
        assert.deepEqual(report.rows, {
          [`${schema}.cities`]: 1,
          [`${schema}.gen`]: 1,
          [`${schema}.people`]: 2,
        });
        assert.ok(told(report, 'changed', 'search path').length > 0);
        assert.deepEqual(await look(database, `select s from ${schema}.gen`), [
          ['00000000000040008000000000000001'],
        ]);
        if (schema === 'app') {
          const setting = report.notes.find(({ what }) => what === 'setting');
          assert.match(setting?.why ?? '', /only the administrator may give it to the database/);
          assert.match(setting?.remedy ?? '', /set search_path to 'app', 'public'/);
        }
      });
  });

  it('is not believed to have given what the server refused: it is not counted as made', async () => {
    const file = join(folder, 'refused.sql');
    writeScript(
      file,
      `SELECT pg_catalog.set_config('search_path', '', false);
create table nowhere (id int); create table public.here (id int);
create function public.f() returns int language nosuch as 'x'; create view public.v as select * from nosuch;`,
    );
    await withDatabase(async database => {
      const report = await importInto(database, [file], { origin: 'postgres' });
      assert.equal(told(report, 'failed', 'statement').length, 3);
      assert.deepEqual(report.made, { table: 1 });
    });
  });

  it('of a whole server is told apart from the others', async () => {
    const text = readFileSync(fixture('cluster.sql'), 'utf8');
    const file = write(
      'beside.sql',
      text.replace(
        /--\n-- PostgreSQL database cluster dump complete/,
        match => `${created('shop', films)}${match}`,
      ),
    );
    await withDatabase(async database => {
      const report = await importInto(database, [file]);
      assert.equal(report.rows['public.films'], 20);
      assert.ok(told(report, 'aside', 'database').includes('shop'));
    });
  });
});
