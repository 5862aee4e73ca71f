import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withRemedy } from './remedies.ts';

function hintOf(code: string, message: string): string | undefined {
  return withRemedy({ severity: 'ERROR', code, message } as never, 'db_migrator', null).hint;
}

describe('what to do about what the server refuses', () => {
  it('sends who wants to be a visitor to --role, and who wants to be the administrator to --superuser', () => {
    assert.match(
      hintOf('42501', 'permission denied to set role "web_anon"')!,
      /peakstone sql --role web_anon, .*--claims/,
    );
    assert.match(hintOf('42501', 'permission denied to set role "postgres"')!, /--superuser/);
    assert.match(hintOf('42501', 'permission denied to create role')!, /--superuser/);
  });

  it('names the setting that Supabase’s SQL needs', () => {
    for (const [code, message] of [
      ['42P01', 'relation "auth.users" does not exist'],
      ['42P01', 'relation "storage.objects" does not exist'],
      ['42883', 'function auth.uid() does not exist'],
      ['3F000', 'schema "auth" does not exist'],
      ['42704', 'publication "supabase_realtime" does not exist'],
      ['42704', 'role "supabase_auth_admin" does not exist'],
    ] as const)
      assert.match(hintOf(code, message) ?? '', /supabase: "full"/, message);
    for (const message of ['relation "films" does not exist', 'relation "authors.users" does not exist'])
      assert.equal(hintOf('42P01', message), undefined);
  });
});
