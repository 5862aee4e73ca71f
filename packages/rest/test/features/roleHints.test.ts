import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { defaultBeyond } from '../../src/config/beyond.ts';
import { type Library, startLibrary } from './library.ts';

describe('hints by role', () => {
  let library: Library;
  let admin: Pool;
  before(async () => {
    library = await startLibrary({ beyond: { ...defaultBeyond, hintsByRole: true } });
    admin = createPool({ url: library.database.superuserUrl, size: 1, sharedSize: 0 });
  });
  beforeEach(() => library.reset());
  after(async () => {
    await admin.close();
    await library.close();
  });

  const hint = async (
    method: string,
    target: string,
    body?: unknown,
    prefer = 'return=minimal',
  ): Promise<unknown> => {
    const { json, status } = await library.send(method, target, body, { prefer });
    assert.ok(status >= 300, `${method} ${target}: ${status}`);
    return (json as { hint: unknown }).hint;
  };
  /** Runs a statement as the superuser, and another one in the end. */
  const during = async (statement: string, undo: string, work: () => Promise<void>): Promise<void> => {
    await admin.script(statement);
    try {
      await work();
    } finally {
      await admin.script(undo);
    }
  };

  it('name relations that the role may use, and no others', async () => {
    assert.equal(await hint('GET', '/film'), "Perhaps you meant the table 'api.films'");
    assert.equal(await hint('GET', '/setting'), null);
    const open = await library.withConfig({ beyond: defaultBeyond });
    const shown = (await open.get('/setting')).json as { hint: string };
    assert.equal(shown.hint, "Perhaps you meant the table 'api.settings'");
    await open.close();
  });

  it('name related relations, and ways between them, likewise', async () => {
    assert.equal(await hint('GET', '/films?select=role(*)'), "Perhaps you meant 'roles' instead of 'role'.");
    const several = (await library.get('/films?select=directors(*)')).json as { details: unknown[] };
    assert.equal(several.details.length, 2);
    await during(
      `revoke all on api.roles from ${library.guest}`,
      `grant all on api.roles to ${library.guest}`,
      async () => assert.equal(await hint('GET', '/films?select=role(*)'), null),
    );
  });

  it('say that a body was read as a form, and how aggregates are turned on', async () => {
    const { json } = await library.send('POST', '/films', '{"title":"Alien"}', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.match(
      (json as { hint: string }).hint,
      /read as a form.*For JSON, send Content-Type: application\/json\.$/,
    );
    assert.equal(await hint('POST', '/films', { nothing: 1 }), null);
    assert.match(String(await hint('GET', '/films?select=id.count()')), /PGRST_DB_AGGREGATES_ENABLED=true/);
  });

  it('name functions that the role may call', async () => {
    const meant = 'Perhaps you meant to call the function api.teapot';
    assert.equal(await hint('GET', '/rpc/teapo'), meant);
    assert.equal(
      await hint('GET', '/rpc/add?x=1&b=2'),
      'Perhaps you meant to call the function api.add(a, b)',
    );
    await during(
      'revoke execute on function api.teapot(), api.add(int, int) from public',
      'grant execute on function api.teapot(), api.add(int, int) to public',
      async () => {
        assert.equal(await hint('GET', '/rpc/teapo'), null);
        assert.equal(await hint('GET', '/rpc/add?x=1&b=2'), null);
      },
    );
  });

  it('name the overloads that the role may call', async () => {
    const message = async (): Promise<unknown> =>
      ((await library.get('/rpc/overloaded?a=1')).json as { message: unknown }).message;
    const between = 'Could not choose the best candidate function between: ';
    assert.equal(await message(), `${between}api.overloaded(a => integer), api.overloaded(a => text)`);
    await during(
      'revoke execute on function api.overloaded(int) from public',
      'grant execute on function api.overloaded(int) to public',
      async () => {
        assert.equal(await message(), `${between}api.overloaded(a => text)`);
        const open = await library.withConfig({ beyond: defaultBeyond });
        const shown = (await open.get('/rpc/overloaded?a=1')).json as { message: string };
        assert.equal(shown.message, `${between}api.overloaded(a => integer), api.overloaded(a => text)`);
        await open.close();
      },
    );
    await during(
      'revoke execute on function api.overloaded(int), api.overloaded(text) from public',
      'grant execute on function api.overloaded(int), api.overloaded(text) to public',
      async () =>
        assert.equal(await message(), 'Could not choose the best candidate function api.overloaded'),
    );
  });

  it('name columns that the role may read', async () => {
    assert.equal(
      await hint('GET', '/films?titel=eq.Ran'),
      'Perhaps you meant to reference the column "films.title".',
    );
    assert.equal(
      await hint('GET', '/directors?select=films!director_id(titel)'),
      'Perhaps you meant to reference the column "films_1.title".',
    );
    assert.equal(await hint('GET', '/settings?valu=eq.x'), null);
  });

  it('say which privilege is missing, and the statement that grants it', async () => {
    const { guest } = library;
    const lacks = (privileges: string, on: string): string =>
      `The role "${guest}" lacks ${privileges} on ${on}. A grant gives it: GRANT ${privileges} ON ${on} TO "${guest}";`;
    assert.equal(await hint('GET', '/settings'), lacks('SELECT', 'api.settings'));
    assert.equal(await hint('POST', '/settings', { name: 'a' }), lacks('INSERT', 'api.settings'));
    assert.equal(
      await hint('POST', '/settings', { name: 'a' }, 'return=representation'),
      lacks('INSERT, SELECT', 'api.settings'),
    );
    assert.equal(await hint('DELETE', '/settings?name=eq.a'), lacks('DELETE, SELECT', 'api.settings'));
    await during(
      'revoke execute on function api.add(int, int) from public',
      'grant execute on function api.add(int, int) to public',
      async () =>
        assert.equal(
          await hint('GET', '/rpc/add?a=1'),
          lacks('EXECUTE', 'FUNCTION api.add(a integer, b integer)'),
        ),
    );
    await during(
      `revoke usage on schema api from ${guest}`,
      `grant usage on schema api to ${guest}`,
      async () => assert.equal(await hint('GET', '/films'), lacks('USAGE', 'SCHEMA "api"')),
    );
    await during(
      `revoke select on api.roles from ${guest}`,
      `grant select on api.roles to ${guest}`,
      async () => assert.equal(await hint('GET', '/films?select=roles(*)'), lacks('SELECT', 'api.roles')),
    );
    await during(
      `revoke update on api.films from ${guest}`,
      `grant update on api.films to ${guest}`,
      async () =>
        assert.equal(
          await hint('POST', '/rpc/touch'),
          `The role "${guest}" lacks UPDATE on api.films. What is needed of it is given by, for example: GRANT UPDATE ON api.films TO "${guest}";`,
        ),
    );
  });

  it('say what row-level security misses, and nothing of what its policies hold', async () => {
    const { guest } = library;
    const budget = { film_id: 1, amount: 5 };
    await during(
      'alter table api.budgets enable row level security',
      'alter table api.budgets disable row level security; drop policy if exists secret on api.budgets',
      async () => {
        assert.equal(
          await hint('POST', '/budgets', budget),
          `No policy of api.budgets lets the role "${guest}" INSERT. One does after: CREATE POLICY … ON api.budgets FOR INSERT TO "${guest}" WITH CHECK (…);`,
        );
        await admin.script(
          `create policy secret on api.budgets for insert to ${guest} with check (amount > 10)`,
        );
        assert.equal(
          await hint('POST', '/budgets', budget),
          `The row satisfies none of the policies by which the role "${guest}" may INSERT into api.budgets.`,
        );
        assert.match(
          String(await hint('POST', '/budgets', { film_id: 1, amount: 50 }, 'return=representation')),
          /^No policy of api.budgets lets the role ".*" SELECT, which returning the row takes/,
        );
      },
    );
  });

  it('are the function’s own where it raises them', async () => {
    assert.equal(await hint('GET', '/rpc/refuse'), 'Upgrade');
  });
});
