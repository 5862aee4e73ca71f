import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { ask, importInto, look, stackDatabase, writeScript } from './support.ts';

/** As Supabase Storage declares them: signature, result, and a body that tells whose it is. */
const FUNCTIONS: readonly (readonly [signature: string, result: string, body: string])[] = [
  ['can_insert_object(bucketid text, name text, owner uuid, metadata jsonb)', 'void', ''],
  ['extension(name text)', 'text', `return 'the dump’s';`],
  ['filename(name text)', 'text', `return 'the dump’s';`],
  ['foldername(name text)', 'text[]', `return array['the dump’s'];`],
  [
    'get_size_by_bucket()',
    'table(size bigint, bucket_id text)',
    `return query select 1::bigint, 'the dump’s';`,
  ],
  [
    "search(prefix text, bucketname text, limits integer default 100, levels integer default 1, offsets integer default 0, search text default ''::text, sortcolumn text default 'name'::text, sortorder text default 'asc'::text)",
    'table(name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb)',
    '',
  ],
  [
    "search_v2(prefix text, bucket_name text, limits integer default 100, levels integer default 1, start_after text default ''::text, sort_order text default 'asc'::text, sort_column text default 'name'::text, sort_column_after text default ''::text)",
    'table(key text, name text, id uuid, updated_at timestamptz, created_at timestamptz, last_accessed_at timestamptz, metadata jsonb)',
    '',
  ],
];

describe('the platform’s own functions in a dump', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-platform-'));
  after(() => rmSync(folder, { recursive: true }));

  it('of storage take the place of those that the stack made, whose names and results are the same', async () => {
    const file = join(folder, 'storage.sql');
    const made = FUNCTIONS.map(
      ([signature, result, body]) =>
        `create function storage.${signature} returns ${result} language plpgsql as $$ begin ${body} end; $$;`,
    );
    writeScript(
      file,
      `create schema storage;\n${made.join('\n')}\ncreate table public.notes (id int primary key);\n`,
    );
    const database = await stackDatabase();
    try {
      const { notes } = await importInto(database, [file]);
      assert.deepEqual(
        notes.filter(({ kind }) => kind === 'failed'),
        [],
      );
      assert.deepEqual(
        await look(
          database,
          `select count(*) from pg_proc where pronamespace = 'storage'::regnamespace and prolang = (select oid from pg_language where lanname = 'plpgsql')
             and proname in (${FUNCTIONS.map(([signature]) => `'${signature.split('(')[0]}'`).join(', ')}) and prosrc ~ '^ begin '`,
        ),
        [[String(FUNCTIONS.length)]],
      );
      assert.deepEqual(
        await ask(database, 'service_role', null, 'select bucket_id from storage.get_size_by_bucket()'),
        [['the dump’s']],
      );
    } finally {
      await database.drop();
    }
  });
});
