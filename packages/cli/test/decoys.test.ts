/** The commands and the running stack call nothing that a lesser role has made, with more rights than it has. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DecoyCall, plantDecoys, readDecoyCall, reservePorts, until } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('decoys in a schema that db_migrator owns, first on everybody’s search path', () => {
  const project = new Project();
  let base: number;
  before(async () => {
    base = await reservePorts(4);
    await project.json('up', '--detach', '--port-base', String(base));
    await project.run(['sql'], 'create table films (id int primary key)');
    const { stdout } = await project.run(['url', 'db_migrator']);
    await plantDecoys(stdout.trim(), { schema: 'public', raises: false });
    const { code } = await project.run(
      ['sql', '--superuser'],
      `set search_path = pg_catalog;
       alter database postgres set search_path = public, pg_catalog, extensions;
       alter role postgres set search_path = public, pg_catalog`,
    );
    assert.equal(code, 0);
  });
  after(() => project.close());

  const logs = () => {
    const folder = join(project.folder, '.peakstone/logs');
    return readdirSync(folder).flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n'));
  };
  /** Calls as somebody who may do more than db_migrator, during `work`. */
  const callsDuring = async (work: () => Promise<unknown>): Promise<DecoyCall[]> => {
    const calls = () => logs().flatMap(line => readDecoyCall(line) ?? []);
    const first = calls().length;
    await work();
    const mark = `end of ${first} ${performance.now()}`;
    await project.run(
      ['sql', '--superuser'],
      `set search_path = pg_catalog; do $$ begin raise log '${mark}'; end $$`,
    );
    await until(() => logs().some(line => line.includes(`LOG:  ${mark}`)));
    return (
      calls()
        .slice(first)
        .filter(({ sessionUser, currentUser }) =>
          [sessionUser, currentUser].some(role => ['postgres', 'db_authenticator'].includes(role)),
        )
        // What requests themselves run is theirs: as web_anon, who may do less.
        .filter(({ currentUser }) => currentUser !== 'web_anon')
    );
  };
  const succeeds = async (...args: string[]) => {
    const { code, stdout, stderr } = await project.run(args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };

  it('are called by the statements of a superuser who looks for nothing', async () => {
    const calls = await callsDuring(() => project.run(['sql', '--superuser', "select length('x') + 1"]));
    assert.ok(calls.length > 0);
  });

  it('are not called by what describes the database', async () => {
    const calls = await callsDuring(async () => {
      for (const command of [
        '\\d',
        '\\d films',
        '\\d touched',
        '\\dt',
        '\\dv',
        '\\dn',
        '\\df',
        '\\du',
        '\\l',
        '\\dx',
      ])
        await succeeds('sql', '--superuser', command);
      await succeeds('sql', '--superuser', '--json', '\\d touched');
    });
    assert.deepEqual(calls, []);
  });

  it('are not called by the doctor, by generated types, or by a rotation', async () => {
    const calls = await callsDuring(async () => {
      await project.run(['doctor']);
      assert.match(await succeeds('gen', 'types', '--schema', 'public'), /films/);
      await succeeds('secrets', 'rotate', 'HASURA_DB_PASSWORD');
    });
    assert.deepEqual(calls, []);
  });

  it('are not called by a reload of the API, or by its requests as more than a visitor', async () => {
    const calls = await callsDuring(async () => {
      await succeeds('sql', 'create table public.later (id int)');
      await until(async () => (await fetch(`http://127.0.0.1:${base}/rest/v1/later`)).status === 200);
    });
    assert.deepEqual(calls, []);
  });

  it('are not called by a new start', async () => {
    const calls = await callsDuring(async () => {
      await succeeds('down');
      await project.json('up', '--detach', '--port-base', String(base));
    });
    assert.deepEqual(calls, []);
  });

  it('that free themselves of a role find no more than the login of the stack that took it on', async () => {
    // What any function does that is called there.
    const freed = `do $$ begin perform pg_catalog.set_config('role', 'none', false); end $$;
      select session_user::text as login, r.rolsuper as super from pg_catalog.pg_roles r where r.rolname operator(pg_catalog.=) current_user`;
    for (const [role, login] of [
      ['web_anon', 'db_authenticator'],
      ['read_only', 'db_migrator'],
    ])
      assert.match(
        await succeeds('sql', '--csv', '--role', role!, freed),
        new RegExp(`^${login},(f|false)$`, 'm'),
      );
    await project.run(['sql', '--superuser'], 'create role auditor');
    for (const role of ['pg_monitor', 'auditor', 'postgres']) {
      const { code, stderr } = await project.run(['sql', '--role', role, freed]);
      assert.notEqual(code, 0);
      assert.match(stderr, new RegExp(`No login of the stack may act as '${role}'`));
    }
    await project.run(
      ['sql', '--superuser'],
      'set search_path = pg_catalog; grant auditor to db_migrator with inherit false, set true',
    );
    assert.match(await succeeds('sql', '--csv', '--role', 'auditor', freed), /^db_migrator,(f|false)$/m);
  });
});
