import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

interface Finding {
  readonly level: string;
  readonly title: string;
  readonly found: string;
  readonly todo?: string;
}

describe('settings that are others than before', () => {
  const project = new Project();
  let base: string;
  const up = (env: Readonly<Record<string, string>> = {}) =>
    project.run(['up', '--detach', '--port-base', base], '', env);
  const doctor = async (title: string, env: Readonly<Record<string, string>>): Promise<Finding[]> => {
    const { stdout } = await project.run(['doctor', '--json'], '', env);
    return (JSON.parse(stdout) as Finding[]).filter(each => each.title === title);
  };
  before(async () => {
    base = String(await reservePorts(4));
    const { code, stderr } = await up();
    assert.equal(code, 0, stderr);
    // Nothing was there before.
    assert.doesNotMatch(stderr, /was gone/);
    await project.run(['sql'], 'create table kept (id int)');
    await project.run(['down']);
  });
  after(() => project.close());

  it('serve an empty database under another POSTGRES_DB, and say so and how to go back', async () => {
    const other = { POSTGRES_DB: 'crm', PGRST_DB_ANON_ROLE: 'nobody' };
    const { code, stderr } = await up(other);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /The database 'crm' is empty, and 'postgres' was served before\..*POSTGRES_DB=postgres/,
    );
    const [found, ...more] = (await doctor('Database', other)).filter(({ level }) => level !== 'ok');
    assert.equal(found?.level, 'warn');
    assert.equal(found.found, "'crm' is empty, and 'postgres' was served before");
    assert.match(found.todo ?? '', /POSTGRES_DB=postgres/);
    assert.deepEqual(more, []);
  });

  it('are looked at by the doctor where the reference takes them as they are: a role for visitors that is none', async () => {
    const found = await doctor('Visitors', { POSTGRES_DB: 'crm', PGRST_DB_ANON_ROLE: 'web_anom' });
    assert.deepEqual(
      found.map(({ level, found: text, todo }) => [level, text, todo]),
      [
        [
          'fail',
          'PGRST_DB_ANON_ROLE is web_anom, and there is no such role: each request without a token fails',
          'Did you mean web_anon?',
        ],
      ],
    );
    const [grant] = await doctor('Visitors', { POSTGRES_DB: 'crm', PGRST_DB_ANON_ROLE: 'read_only' });
    assert.equal(grant?.todo, 'grant "read_only" to db_authenticator;');
    assert.equal((await doctor('Visitors', { POSTGRES_DB: 'crm' }))[0]?.level, 'ok');
  });

  it('warn of a token for a role that no request may take, with the nearest name, and print it', async () => {
    for (const env of [{ POSTGRES_DB: 'crm' }, null]) {
      // Known by heart where nothing runs.
      if (env === null) await project.run(['down']);
      const { code, stdout, stderr } = await project.run(
        ['secrets', 'jwt', '--role', 'app_usr'],
        '',
        env ?? {},
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/);
      assert.match(stderr, /no role 'app_usr'.* Did you mean 'app_user'\?/);
      const right = await project.run(['secrets', 'jwt', '--role', 'app_user'], '', env ?? {});
      assert.equal(right.stderr, '');
    }
  });

  it('are told by the doctor when a start would refuse them', async () => {
    for (const wrong of [
      { TZ: 'Europe/Brelin' },
      { DATABASE_LISTEN: '1.2' },
      { GATEWAY_ACCESS_LOG: 'loud' },
    ]) {
      const [found] = await doctor('Settings', wrong);
      assert.equal(found?.level, 'fail');
      assert.ok(found.found.startsWith(`${Object.keys(wrong)[0]} must be `), found.found);
      const refused = await up(wrong);
      assert.equal(refused.code, 1);
      assert.ok(refused.stderr.includes(found.found), refused.stderr);
    }
    assert.deepEqual(await doctor('Settings', {}), []);
  });

  it('of an address that this machine does not have are refused by name', async () => {
    const { code, stderr } = await up({ DATABASE_LISTEN: '192.0.2.1' });
    assert.equal(code, 1);
    assert.match(stderr, /DATABASE_LISTEN names 192\.0\.2\.1, which is no address of this machine/);
  });

  it('serve what was there when they are as before', async () => {
    const { code, stderr } = await up();
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /is empty/);
    assert.deepEqual(
      (await doctor('Database', {})).filter(({ level }) => level !== 'ok'),
      [],
    );
    assert.equal((await project.run(['sql', '--csv', 'select count(*) from kept'])).stdout, 'count\n0\n');
  });

  it('have new secrets where .env was removed and the data kept, and the start says what that ends', async () => {
    await project.run(['down']);
    rmSync(join(project.folder, '.env'));
    const { code, stderr } = await up();
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\.env was gone, so new secrets were made: tokens, keys and passwords from before/);
    await project.run(['down']);
    assert.doesNotMatch((await up()).stderr, /was gone/);
  });
});
