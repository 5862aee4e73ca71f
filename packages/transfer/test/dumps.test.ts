/**
 * A realistic Supabase database in all the forms in which people have one. The files are too large to keep here:
 * PEAKSTONE_DUMPS names the folder that they are in.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
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
