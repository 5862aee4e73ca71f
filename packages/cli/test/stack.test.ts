import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isAlive } from '@peakstone/kernel/process';
import type { StackSummary } from '@peakstone/stack';
import { otherUsersCannot, reservePorts, STRANGER } from '@peakstone/testing';
import { finish, mainScript, Project, until, untilHealthy } from './cli.ts';

describe('one stack in the background', () => {
  const project = new Project();
  let summary: StackSummary;
  let base: number;
  before(async () => {
    base = await reservePorts(4);
    summary = await project.json<StackSummary>('up', '--detach', '--port-base', String(base));
    await project.run(
      ['sql'],
      `create table films (id int primary key, title text); insert into films values (1, 'Alien'), (2, 'a "b", c')`,
    );
  });
  after(() => project.close());

  const get = (path: string, token?: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${base}${path}`, token ? { headers: { authorization: `Bearer ${token}` } } : {});

  it('has the ports it was told, and is healthy', async () => {
    assert.equal(summary.ports.gateway, base);
    const status = await untilHealthy(project);
    assert.equal(status.pid, summary.pid);
    assert.deepEqual(
      status.services.map(service => `${service.name} ${service.state}`),
      ['postgres', 'cron', 'rest', 'graphql', 'storage', 'images', 'gateway'].map(name => `${name} healthy`),
    );
    assert.equal((await get('/healthz')).status, 200);
    // Neither extensions that it lacks, nor the reserved host of a fresh .env.
    assert.doesNotMatch(await (await get('/')).text(), /pg_cron|example\.com/);
    const { stdout } = await project.run(['status']);
    assert.match(stdout, /^SERVICE +STATE +FOR +RESTARTS +ADDRESS\npostgres +healthy /);
  });

  it('keeps its secrets to itself', async () => {
    assert.equal(statSync(join(project.folder, '.env')).mode & 0o777, 0o600);
    const data = join(project.folder, '.peakstone');
    assert.equal(statSync(data).mode & 0o066, 0);
    const { stdout: env } = await project.run(['secrets', '--show']);
    const values = env
      .trim()
      .split('\n')
      .map(line => line.slice(line.indexOf('=') + 1));
    assert.ok(values.length > 10);
    const written = [
      ...readdirSync(join(data, 'logs')).map(name => join(data, 'logs', name)),
      join(data, 'state.json'),
    ];
    for (const file of written)
      for (const value of values)
        assert.ok(!readFileSync(file, 'utf8').includes(value), `${file} holds a secret`);
    const { stdout: names } = await project.run(['secrets']);
    for (const value of values) assert.ok(!names.includes(value));
  });

  it('says that it runs already when it is started again', async () => {
    const { code, stderr } = await project.run(['up']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`already runs in .*: process ${summary.pid}, http://127.0.0.1:${base}`));
    assert.equal((await project.run(['up', '--detach'])).code, 1);
  });

  it('tells another user whose stack it is', { skip: otherUsersCannot() }, async () => {
    const peer = spawn(
      process.execPath,
      [mainScript, 'status', '--data', join(project.folder, '.peakstone')],
      {
        cwd: '/',
        // Without what this machine's user has set for himself.
        env: project.environment(),
        ...STRANGER,
      },
    );
    const { code, stderr } = await finish(peer);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /belongs to another user \(id 0\)\.\nhint:/);
  });

  it('serves what was created, to each role what it may see', async () => {
    await until(async () => (await get('/rest/v1/films')).status === 200);
    assert.deepEqual(await (await get('/rest/v1/films?select=title&id=eq.1')).json(), [{ title: 'Alien' }]);
    const write = (token?: string): Promise<Response> =>
      fetch(`http://127.0.0.1:${base}/rest/v1/films`, {
        method: 'POST',
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          'content-type': 'application/json',
        },
        body: '{"id":3,"title":"new"}',
      });
    assert.equal((await write()).status, 401);
    assert.equal((await write(summary.keys.anon)).status, 403);
    const { stdout: token } = await project.run([
      'secrets',
      'jwt',
      '--role',
      'app_user',
      '--sub',
      '42',
      '--expires',
      '1h',
    ]);
    assert.equal((await write(token.trim())).status, 201);
    const { stdout: service } = await project.run(['secrets', 'jwt', 'service']);
    assert.equal(service.trim(), summary.keys.service);
  });

  it('restarts one service, and knows their names', async () => {
    const { code, stderr } = await project.run(['restart', 'rest']);
    assert.equal(code, 0);
    assert.match(stderr, /REST API +stopped\n.*REST API/);
    assert.equal((await get('/rest/v1/films')).status, 200);
    assert.match(
      (await project.run(['restart', 'rset'])).stderr,
      /no service 'rset'.*\nhint: {2}It is one of: postgres, cron, rest, graphql, storage, images, gateway/,
    );
  });

  it('stops one service alone, until it is restarted', async () => {
    assert.equal((await project.run(['down', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 503);
    // Each looks at every service: the watch had its chance to start it again.
    await project.run(['status']);
    const status = await project.run(['status']);
    assert.equal(status.code, 4);
    assert.match(status.stdout, /^rest +stopped .*\n +stopped on request/m);
    assert.equal((await project.run(['restart', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 200);
  });

  it('rotates secrets while it runs: old tokens die, new ones work, the database follows', async () => {
    const old = summary.keys.service;
    const answers = new Set<number>();
    let rotating = true;
    const visitor = (async () => {
      while (rotating) answers.add((await get('/rest/v1/films')).status);
    })();
    const report = await project.json<{ rotated: string[]; restarted: string[] }>(
      'secrets',
      'rotate',
      'JWT_SECRET',
      'DB_AUTHENTICATOR_PASSWORD',
      'POSTGRES_SUPERPASS',
    );
    rotating = false;
    await visitor;
    assert.deepEqual([...answers], [200], 'a visitor notices nothing');
    assert.deepEqual(report.rotated.toSorted(), [
      'DB_AUTHENTICATOR_PASSWORD',
      'JWT_SECRET',
      'POSTGRES_SUPERPASS',
    ]);
    assert.equal((await get('/rest/v1/films', old)).status, 401);
    const { stdout } = await project.run(['secrets', 'jwt', 'service']);
    assert.notEqual(stdout.trim(), old);
    assert.equal((await get('/rest/v1/films', stdout.trim())).status, 200);
    assert.equal((await project.run(['sql', 'select 1'])).code, 0);
  });

  it('rotates everything, for the services that run: those without a part in it stay out, as do those that were stopped', async () => {
    assert.equal((await project.run(['down', 'cron'])).code, 0);
    const report = await project.json<{ rotated: string[]; restarted: string[]; failed: unknown[] }>(
      'secrets',
      'rotate',
    );
    assert.equal(report.rotated.length > 10, true);
    assert.deepEqual([report.restarted, report.failed], [['rest', 'graphql', 'storage', 'images'], []]);
    assert.match((await project.run(['status'])).stdout, /^cron +stopped /m);
    assert.equal((await project.run(['restart', 'cron'])).code, 0);
    await untilHealthy(project);
    assert.equal((await get('/rest/v1/films')).status, 200);
    assert.equal((await project.run(['sql', 'select 1'])).code, 0);
  });

  it('tells which services go on with a secret of before, as after a rotation that was killed', async () => {
    const before = readFileSync(join(project.folder, '.env'), 'utf8');
    const told = /not taken over yet: JWT_SECRET\. Then: .*restart (\w+)/g;
    const holders = async () =>
      [...(await project.run(['status'])).stdout.matchAll(told)].map(([, service]) => service);
    assert.deepEqual(await holders(), []);
    writeFileSync(
      join(project.folder, '.env'),
      before.replace(/^JWT_SECRET=.*$/m, `JWT_SECRET=${'another'.repeat(8)}`),
    );
    assert.deepEqual(await holders(), ['rest', 'graphql', 'storage']);
    for (const service of await holders()) assert.equal((await project.run(['restart', service!])).code, 0);
    assert.deepEqual(await holders(), []);
  });

  it('rotates for one after the other when two ask at once', async () => {
    const names = ['DB_AUTHENTICATOR_PASSWORD', 'POSTGRES_SUPERPASS'];
    const both = await Promise.all([
      project.run(['secrets', 'rotate', ...names]),
      project.run(['secrets', 'rotate', ...names]),
    ]);
    assert.deepEqual(
      both.map(({ code }) => code),
      [0, 0],
      both.map(({ stderr }) => stderr).join('\n'),
    );
    assert.equal((await project.run(['sql', 'select 1'])).code, 0);
    assert.equal((await project.run(['restart', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 200);
  });

  it('says which extension a start left in a schema that is served, and for which function', async () => {
    const sql = (text: string) => project.run(['sql', '--superuser', text]);
    await sql('alter extension citext set schema public');
    await sql(
      'create function same(a citext, b citext) returns boolean language sql set search_path = public as $$ select a = b $$',
    );
    const restart = await project.run(['restart', 'postgres']);
    assert.equal(restart.code, 0);
    assert.match(restart.stderr, /Not done: extension citext .*stays in public.*same\(/);
    assert.match((await project.run(['doctor'])).stdout, /citext is in public, which the APIs serve/);
    await sql('drop function same');
    assert.doesNotMatch((await project.run(['restart', 'postgres'])).stderr, /Not done/);
    assert.doesNotMatch((await project.run(['doctor'])).stdout, /citext is in public/);
  });

  it('heals when the database is killed under it; requests get 503 meanwhile, never a lie', async () => {
    const postmaster = Number(
      readFileSync(join(project.folder, '.peakstone/postgres/postmaster.pid'), 'utf8').split('\n')[0],
    );
    process.kill(postmaster, 'SIGKILL');
    const statuses = new Set<number>();
    await until(async () => {
      const { status } = await get('/rest/v1/films');
      statuses.add(status);
      return (
        status === 200 &&
        Number(
          readFileSync(join(project.folder, '.peakstone/postgres/postmaster.pid'), 'utf8').split('\n')[0],
        ) !== postmaster
      );
    });
    for (const status of statuses) assert.ok(status === 200 || status === 503, `answered ${status}`);
    const { services } = await untilHealthy(project);
    assert.equal(services.find(service => service.name === 'postgres')!.restarts, 1);
    // The one after `restart rest`, the one after `down rest`, and those that new secrets took.
    assert.match((await project.run(['status'])).stdout, /^rest .* 0, 8 asked for /m);
  });

  it('takes over a password that was changed in .env by hand, with the service that logs in with it, or all', async () => {
    const file = join(project.folder, '.env');
    for (const service of [['rest'], []]) {
      const changed = `by hand/${service.length}@#:${Math.random()}`;
      const text = readFileSync(file, 'utf8');
      const line = `DB_AUTHENTICATOR_PASSWORD='${changed}'`;
      writeFileSync(
        file,
        text.replace(/^DB_AUTHENTICATOR_PASSWORD=.*$/m, () => line),
      );
      const { code, stderr } = await project.run(['restart', ...service]);
      assert.equal(code, 0, stderr);
      assert.equal((await get('/rest/v1/films')).status, 200);
      const { stdout } = await project.run(['sql', '--role', 'db_authenticator', 'select current_user']);
      assert.match(stdout, /db_authenticator/);
    }
  });

  it('says what holds when a service does not come back with its new secret', async () => {
    await project.run(['down', 'postgres']);
    const { code, stdout, stderr } = await project.run(['secrets', 'rotate', 'JWT_SECRET']);
    assert.equal(code, 1);
    assert.equal(stdout, 'JWT_SECRET\n');
    assert.match(
      stderr,
      /Rotated 1 in .*\.env\.\n[\s\S]*rest did not take them over: .*needs PostgreSQL 17, which is stopped\. It does when it starts: peakstone restart rest/,
    );
    assert.equal((await project.run(['restart', 'postgres'])).code, 0);
    assert.equal((await project.run(['restart', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 200);
  });

  it('shows the logs of its services, by service, since a moment, and as they come', async () => {
    const { stdout } = await project.run(['logs', '-n', '1000']);
    for (const service of ['gateway', 'postgres', 'rest', 'stack'])
      assert.match(stdout, new RegExp(`^\\S+ +${service} `, 'm'));
    assert.match((await project.run(['logs', 'gatway'])).stderr, /Did you mean 'gateway'\?/);
    const follower = project.start('logs', '-f', '-n', '0', 'gateway', '--json');
    const ran = finish(follower);
    let seen = '';
    follower.stdout!.on('data', text => {
      seen += text;
    });
    // It shows only what comes once it looks, and says nothing of when that is.
    await until(async () => {
      await get('/rest/v1/films?marker=x');
      return seen !== '';
    });
    follower.kill('SIGINT');
    const { code, stdout: followed } = await ran;
    assert.match(followed, /"service":"gateway"/);
    assert.equal(code, 0);
  });

  it('finds nothing that fails in its examination', async () => {
    let checks: { level: string; title: string; found: string }[] = [];
    const failing = () => checks.filter(check => check.level === 'fail');
    // It looks at each service once, for which the same holds as in `untilHealthy`.
    for (let looks = 0; looks === 0 || (failing().length > 0 && looks < 20); looks++)
      checks = await project.json('doctor');
    assert.deepEqual(failing(), []);
    assert.ok(checks.some(check => check.title === 'Service' && check.found.startsWith('rest is healthy')));
  });

  it('bounds how long a statement of a visitor or user takes, and none of its service', async () => {
    await project.run(
      ['sql'],
      "create function time_limit() returns text language sql stable return current_setting('statement_timeout')",
    );
    const limitOf = async (token?: string) => await (await get('/rest/v1/rpc/time_limit', token)).json();
    assert.equal(await limitOf(), '8s');
    const keyOf = async (name: string) => (await project.run(['secrets', 'jwt', name])).stdout.trim();
    assert.equal(await limitOf(await keyOf('anon')), '8s');
    assert.equal(await limitOf(await keyOf('service')), '0');
  });

  it('writes types of its tables that TypeScript can read', async () => {
    const { code, stdout } = await project.run(['gen', 'types', '--schema', 'public']);
    assert.equal(code, 0);
    assert.match(stdout, /export type Database = \{[\s\S]+films: \{[\s\S]+title: string \| null/);
    // Extensions are not the application's.
    assert.doesNotMatch(stdout, /gen_salt|similarity|citext/);
    const called = await fetch(`http://127.0.0.1:${base}/rest/v1/rpc/gen_salt`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"":"bf"}',
    });
    assert.equal(called.status, 404);
    const zod = await project.run(['gen', 'types', '--lang', 'zod', '-o', 'schemas.ts']);
    assert.deepEqual([zod.code, zod.stdout], [0, '']);
    assert.match(readFileSync(join(project.folder, 'schemas.ts'), 'utf8'), /publicFilmsRow/);
    const misspelt = await project.run(['gen', 'types', '--schema', 'pubic', '-o', 'none.ts']);
    assert.deepEqual([misspelt.code, misspelt.stdout], [1, '']);
    assert.match(misspelt.stderr, /no schema 'pubic' in the database\.\nhint: {2}There are: .*public/);
    assert.equal(existsSync(join(project.folder, 'none.ts')), false);
  });

  it('stops when told to, and comes back with its data', async () => {
    assert.equal((await project.run(['down'])).code, 0);
    assert.equal(existsSync(join(project.folder, '.peakstone/state.json')), false);
    assert.equal(isAlive(summary.pid), false);
    assert.equal((await project.run(['status'])).code, 3);
    summary = await project.json<StackSummary>('up', '--detach', '--port-base', String(base));
    assert.equal(((await (await get('/rest/v1/films', summary.keys.service)).json()) as unknown[]).length, 3);
  });
});
