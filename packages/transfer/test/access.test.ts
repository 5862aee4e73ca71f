import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect } from '@peakstone/testing';
import { importInto, look, stackDatabase } from './support.ts';

describe('who may do what, in an import', () => {
  it('is kept where the name of a role has a comma; that privileges are missing is said once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'peakstone-access-'));
    const file = join(folder, 'comma.sql');
    writeFileSync(
      file,
      `create role "team a,b";
create table public.shared (id int);
alter table public.shared enable row level security;
create policy members on public.shared for select to "team a,b", anon using (true);
`,
    );
    const database = await stackDatabase();
    try {
      const report = await importInto(database, [file]);
      assert.deepEqual(
        await look(
          database,
          `select r::regrole::text from pg_policy, unnest(polroles) r where polname = 'members' order by r::regrole::text collate "C"`,
        ),
        [['"team a,b"'], ['anon']],
      );
      assert.deepEqual(
        report.notes.filter(({ what }) => what === 'privileges').map(({ kind, name }) => [kind, name]),
        [['changed', 'public']],
      );
      const client = connect(database.superuserUrl);
      await client.script('drop table public.shared; drop role "team a,b"');
      await client.close();
    } finally {
      await database.drop();
      rmSync(folder, { recursive: true });
    }
  });
});
