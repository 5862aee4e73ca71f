/**
 * A realistic Supabase database in all the forms in which people have one. The files are too large to keep here:
 * PEAKSTONE_DUMPS names the folder that they are in.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { testDatabase } from '@peakstone/testing';
import { type ArchiveEntry, openArchive } from '../src/archive/index.ts';
import { dump, pgDump, realDump, restoreFile } from './dumpLab.ts';
import { fingerprint } from './fingerprint.ts';
import { ask, importInto, look, stackDatabase } from './support.ts';

const folder = process.env.PEAKSTONE_DUMPS ?? '';

const forms: readonly (readonly string[])[] = [
  ['supabase-full.sql'],
  ['supabase-full.clean-noowner.sql'],
  ['supabase-cluster.sql'],
  ['supabase-full.dump'],
  ['supabase-full.none.dump'],
  ['supabase-full.lz4.dump'],
  ['supabase-full.zstd.dump'],
  ['supabase-full.inserts.dump'],
  ['supabase-full.redirected.dump'],
  ['supabase-cli.roles.sql', 'supabase-cli.schema.sql', 'supabase-cli.data.sql'],
];

const expected = {
  'auth.users': 50,
  'auth.identities': 50,
  'auth.sessions': 5,
  'storage.objects': 50,
  'storage.buckets': 2,
  'public.documents': 2000,
  'public."Audit Log"': 2000,
  'public.profiles': 50,
  'public.memberships': 250,
  'public.organizations': 5,
};

const KINDS =
  /^(?:SCHEMA|EXTENSION|TYPE|DOMAIN|FUNCTION|TABLE|SEQUENCE|VIEW|MATERIALIZED VIEW|INDEX|TRIGGER|POLICY|PUBLICATION|EVENT TRIGGER|.*CONSTRAINT)$/;

/** What is in a database, as reports name it. */
const OBJECTS = `
  select nspname::text from pg_namespace union select pubname from pg_publication union select extname from pg_extension
  union select evtname from pg_event_trigger
  union select concat(nspname, '.', relname) from pg_class c join pg_namespace n on n.oid = relnamespace
  union select concat(nspname, '.', proname) from pg_proc p join pg_namespace n on n.oid = pronamespace
  union select concat(nspname, '.', typname) from pg_type t join pg_namespace n on n.oid = typnamespace
  union select concat(conname, ' on ', nspname, '.', relname) from pg_constraint k join pg_class c on c.oid = conrelid join pg_namespace n on n.oid = relnamespace
  union select concat(tgname, ' on ', nspname, '.', relname) from pg_trigger t join pg_class c on c.oid = tgrelid join pg_namespace n on n.oid = relnamespace
  union select concat(polname, ' on ', nspname, '.', relname) from pg_policy p join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace`;

/** What an archive's entry is about, in the same words. */
function nameOf({ kind, schema, tag, dropStatement }: ArchiveEntry): string {
  if (/^(?:SCHEMA|EXTENSION|PUBLICATION|EVENT TRIGGER)$/.test(kind)) return tag;
  if (kind === 'FUNCTION') return `${schema}.${tag.slice(0, tag.indexOf('('))}`;
  if (!/CONSTRAINT$|^(?:TRIGGER|POLICY)$/.test(kind)) return `${schema}.${tag}`;
  // The tag is `TABLE NAME`, and either may have blanks: the table is said again where it is dropped from.
  const table =
    /(?:ON|TABLE(?: ONLY)?) \w+\.(?:"(.+?)"|(\w+))/.exec(dropStatement)?.slice(1).find(Boolean) ?? '';
  return `${tag.slice(table.length + 1)} on ${schema}.${table}`;
}

describe('a Supabase database of 2,000 documents', {
  skip: folder === '' && 'PEAKSTONE_DUMPS names no folder',
}, () => {
  for (const files of forms) {
    const paths = files.map(name => join(folder, name));
    const skip = paths.every(existsSync) ? false : `there is no ${files.join(', ')}`;
    it(`comes in whole from ${files.join(', ')}`, { skip }, async () => {
      const database = await stackDatabase();
      try {
        const report = await importInto(database, paths);
        assert.deepEqual(
          report.notes.filter(({ kind }) => kind === 'failed'),
          [],
        );
        const counts = Object.keys(expected).map(table => `(select count(*) from ${table})`);
        const [found] = await look(database, `select ${counts.join(', ')}`);
        assert.deepEqual(found!.map(Number), Object.values(expected));
        // As the application asks: everybody sees profiles, members their documents, and nobody else any.
        const asked = async (role: string, subject: string | null, table: string) =>
          Number((await ask(database, role, subject, `select count(*) from public.${table}`))[0]![0]);
        const [first, second] = await look(database, 'select id from auth.users order by 1 limit 2');
        const stranger = '00000000-0000-4000-8000-00000000ffff';
        assert.equal(await asked('anon', null, 'profiles'), 50);
        assert.equal(await asked('anon', null, 'documents'), 0);
        assert.equal(await asked('authenticated', first![0]!, 'documents'), 2000);
        assert.equal(await asked('authenticated', second![0]!, 'memberships'), 5);
        assert.equal(await asked('authenticated', stranger, 'documents'), 0);
        assert.equal(await asked('authenticated', first![0]!, '"Audit Log"'), 0);
        assert.equal(await asked('service_role', null, 'documents'), 2000);
        assert.equal(await asked('service_role', null, '"Audit Log"'), 2000);
        if (files.length === 1)
          assert.deepEqual(
            await look(
              database,
              `select count(*), count(*) filter (where username = 'db_migrator' and database = current_database()) from cron.job`,
            ),
            [['2', '2']],
          );
        // With those two of pg_cron’s tables, which the stack has in any case.
        const policies = files.length > 1 ? '10' : '13';
        assert.deepEqual(await look(database, 'select count(*) from pg_policies'), [[policies]]);
      } finally {
        await database.drop();
      }
    });
  }

  const archived = join(folder, 'supabase-full.dump');
  it('is there to the last object, or the report says why it is not', {
    skip: existsSync(archived) ? false : `there is no ${archived}`,
  }, async () => {
    const [archive, database] = [await openArchive(archived), await stackDatabase()];
    try {
      const { notes } = await importInto(database, [archived]);
      const there = new Set((await look(database, OBJECTS)).map(row => row.join(' ')));
      const known = new Set([...there, ...notes.map(({ name }) => name)]);
      const objects = archive.entries.filter(({ kind }) => KINDS.test(kind)).map(nameOf);
      assert.ok(objects.length > 250);
      assert.deepEqual(
        objects.filter(name => !known.has(name)),
        [],
      );
    } finally {
      await database.drop();
      await archive.close();
    }
  });

  it('is dumped as PostgreSQL’s own pg_dump dumps it, and restored the same from either', {
    skip: existsSync(archived)
      ? pgDump === null && 'no pg_dump of version 17 here'
      : `there is no ${archived}`,
  }, async () => {
    const [database, own, theirs] = [await stackDatabase(), await testDatabase(), await testDatabase()];
    const scratch = mkdtempSync(join(tmpdir(), 'peakstone-dumps-'));
    const restored = async (text: string, url: string) => {
      writeFileSync(join(scratch, 'dump.sql'), text);
      await restoreFile(url, join(scratch, 'dump.sql'));
      return await fingerprint(url);
    };
    try {
      await importInto(database, [archived]);
      const real = await realDump(database.superuserUrl);
      const fingerprints = [
        await restored(await dump(database.superuserUrl), own.superuserUrl),
        await restored(real, theirs.superuserUrl),
      ];
      assert.deepEqual(fingerprints[0], fingerprints[1]);
      assert.equal(await realDump(own.superuserUrl), await realDump(theirs.superuserUrl));
    } finally {
      rmSync(scratch, { recursive: true });
      for (const each of [own, theirs, database]) await each.drop();
    }
  });

  const old = join(folder, 'pg15-small.v1.14.dump');
  it('of PostgreSQL 15 comes in as any other', {
    skip: existsSync(old) ? false : `there is no ${old}`,
  }, async () => {
    const database = await stackDatabase();
    try {
      const report = await importInto(database, [old], { origin: 'postgres' });
      assert.deepEqual(report.rows, { 'public.films': 500, 'large objects': 1 });
    } finally {
      await database.drop();
    }
  });
});
