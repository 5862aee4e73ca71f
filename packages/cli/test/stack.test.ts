import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StackStatus, StackSummary } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { finish, mainScript, Project, until } from './cli.ts';

/** On a busy machine a health check may take longer than it is waited for, and the next one be fine. */
async function untilHealthy(project: Project): Promise<StackStatus> {
  let status: StackStatus | undefined;
  await until(async () => {
    status = await project.json<StackStatus>('status');
    return status.healthy;
  });
  return status!;
}

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
      status.services.map(service => service.state),
      ['healthy', 'healthy', 'healthy'],
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

  it('tells another user whose stack it is', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    const peer = spawn(
      process.execPath,
      [mainScript, 'status', '--data', join(project.folder, '.peakstone')],
      {
        cwd: '/',
        uid: 65534,
        gid: 65534,
      },
    );
    const { code, stderr } = await finish(peer);
    assert.equal(code, 1);
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
      /no service 'rset'.*\nhint: {2}It is one of: postgres, rest, gateway/,
    );
  });

  it('stops one service alone, until it is restarted', async () => {
    assert.equal((await project.run(['down', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 503);
    await new Promise(resolve => setTimeout(resolve, 1500));
    const status = await project.run(['status']);
    assert.equal(status.code, 4);
    assert.match(status.stdout, /^rest +stopped .*\n +stopped on request/m);
    assert.equal((await project.run(['restart', 'rest'])).code, 0);
    assert.equal((await get('/rest/v1/films')).status, 200);
  });

  it('rotates secrets while it runs: old tokens die, new ones work, the database follows', async () => {
    const old = summary.keys.service;
    const report = await project.json<{ rotated: string[]; restarted: string[] }>(
      'secrets',
      'rotate',
      'JWT_SECRET',
      'DB_AUTHENTICATOR_PASSWORD',
      'POSTGRES_SUPERPASS',
    );
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
    // The one after `restart rest`, the one after `down rest`, and the one that new secrets took.
    assert.match((await project.run(['status'])).stdout, /^rest .* 0, 3 asked for /m);
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

  it('writes types of its tables that TypeScript can read', async () => {
    const { code, stdout } = await project.run(['gen', 'types', '--schema', 'public']);
    assert.equal(code, 0);
    assert.match(stdout, /export type Database = \{[\s\S]+films: \{[\s\S]+title: string \| null/);
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
    assert.throws(() => process.kill(summary.pid, 0));
    assert.equal((await project.run(['status'])).code, 3);
    summary = await project.json<StackSummary>('up', '--detach', '--port-base', String(base));
    assert.equal(((await (await get('/rest/v1/films', summary.keys.service)).json()) as unknown[]).length, 3);
  });
});

describe('starting', () => {
  it('goes to the next free port and says so, but never away from one that was named', async t => {
    const project = new Project();
    t.after(() => project.close());
    const base = await reservePorts(8);
    const taken = createServer().listen(base, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const named = await project.run(['up', '--detach', '--port-base', String(base)]);
    assert.equal(named.code, 1);
    assert.match(
      named.stderr,
      new RegExp(
        `Port ${base} for gateway is in use by another process.*\\nhint: {2}It was set by --port-base`,
      ),
    );
    writeFileSync(join(project.folder, '.env'), `POSTGRES_PORT=${base}\n`, { mode: 0o600 });
    assert.match((await project.run(['up', '--detach'])).stderr, /for postgres is in use.*\n.*POSTGRES_PORT/);
  });

  it('puts two stacks side by side', async t => {
    const [one, two] = [new Project(), new Project()];
    t.after(() => Promise.all([one.close(), two.close()]));
    const started = await Promise.all([
      one.json<StackSummary>('up', '-d', '--port-base', String(await reservePorts(4))),
      two.json<StackSummary>('up', '-d', '--port-base', String(await reservePorts(4))),
    ]);
    assert.notEqual(started[0].ports.gateway, started[1].ports.gateway);
    assert.notEqual(started[0].keys.anon, started[1].keys.anon);
    await one.run(['down']);
    await untilHealthy(two);
  });

  it('recognises what a killed stack left, and starts unaided', async t => {
    const project = new Project();
    t.after(() => project.close());
    const base = String(await reservePorts(4));
    const { pid, keys } = await project.json<StackSummary>('up', '-d', '--port-base', base);
    await project.run(['sql', 'create table kept (id int); insert into kept values (1)']);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await project.run(['status'])).code === 3);
    assert.match((await project.run(['status'])).stderr, new RegExp(`process ${pid} was killed`));
    const { code, stdout, stderr } = await project.run(['up', '-d', '--port-base', base]);
    assert.equal(code, 0);
    assert.match(stderr, new RegExp(`process ${pid} was killed`));
    // What is written elsewhere than on a terminal may be kept.
    assert.ok(stdout.includes(keys.anon) && !stdout.includes(keys.service));
    assert.equal((await project.run(['sql', '--csv', 'select * from kept'])).stdout, 'id\n1\n');
  });

  it('stops the database that a killed stack left running', async t => {
    const project = new Project();
    t.after(() => project.close());
    const { pid } = await project.json<StackSummary>(
      'up',
      '-d',
      '--port-base',
      String(await reservePorts(4)),
    );
    process.kill(pid, 'SIGKILL');
    await until(async () => (await project.run(['status'])).code === 3);
    const lock = join(project.folder, '.peakstone/postgres/postmaster.pid');
    assert.equal(existsSync(lock), true);
    const { code, stderr } = await project.run(['down']);
    assert.equal(code, 0);
    assert.match(stderr, /which a killed PeakStone left running[\s\S]*PeakStone is stopped/);
    assert.equal(existsSync(lock), false);
    assert.match((await project.run(['down'])).stderr, /No stack runs/);
  });

  it('lets go of everything when it is interrupted', async t => {
    const project = new Project();
    // A folder of its own, so that initdb has to work and is what the signals meet.
    project.env.PEAKSTONE_CACHE_DIR = join(project.folder, 'cache');
    t.after(() => project.close());
    const base = String(await reservePorts(4));
    for (const waitMs of [150, 400, 700]) {
      const child = project.start('up', '--port-base', base);
      const ran = finish(child);
      await new Promise(resolve => setTimeout(resolve, waitMs));
      child.kill('SIGINT');
      const { code } = await ran;
      // Null: before it had begun with anything, the signal just ended it.
      assert.ok(code === 130 || code === 0 || code === null, `ended with ${code}`);
      assert.equal((await project.run(['status'])).code, 3);
      assert.equal(existsSync(join(project.folder, '.peakstone/postgres/postmaster.pid')), false);
    }
    assert.equal((await project.run(['up', '-d', '--port-base', base])).code, 0);
  });

  it('stops in order when whoever reads its output goes away', async t => {
    const project = new Project();
    t.after(() => project.close());
    const child = project.start('up', '--port-base', String(await reservePorts(4)));
    child.stdout!.destroy();
    await finish(child);
    assert.equal((await project.run(['status'])).code, 3);
    assert.equal(existsSync(join(project.folder, '.peakstone/postgres/postmaster.pid')), false);
  });

  it('drains and stops on Ctrl-C in the foreground', async t => {
    const project = new Project();
    t.after(() => project.close());
    const child = project.start('up', '--json', '--port-base', String(await reservePorts(4)));
    const ran = finish(child);
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ran;
    assert.equal(code, 0);
    assert.ok(JSON.parse(stdout).keys.anon);
    assert.match(stderr, /PeakStone is stopped\.\n$/);
  });

  it('takes its secrets from the environment alone, as in a container, and then writes no file', async t => {
    const names = [
      'POSTGRES_SUPERPASS',
      'DB_AUTHENTICATOR_PASSWORD',
      'HASURA_DB_PASSWORD',
      'DB_MIGRATOR_PASSWORD',
      'JWT_SECRET',
    ];
    const project = new Project(
      Object.fromEntries(names.map(name => [name, randomBytes(32).toString('hex')])),
    );
    t.after(() => project.close());
    const { keys } = await project.json<StackSummary>(
      'up',
      '-d',
      '--port-base',
      String(await reservePorts(4)),
    );
    assert.equal(existsSync(join(project.folder, '.env')), false);
    assert.equal((await project.run(['secrets', 'jwt', 'anon'])).stdout.trim(), keys.anon);
    assert.match(
      (await project.run(['secrets', 'rotate', 'JWT_SECRET'])).stderr,
      /JWT_SECRET is set in the environment/,
    );
  });

  it('puts an address in place of a service, looks after it, and starts though it is down', async t => {
    const project = new Project();
    t.after(() => project.close());
    const base = await reservePorts(8);
    project.env.PEAKSTONE_UPSTREAM_GRAPHQL = `http://127.0.0.1:${base + 7}`;
    assert.equal((await project.run(['up', '-d', '--port-base', String(base)])).code, 0);
    const ask = (): Promise<Response> => fetch(`http://127.0.0.1:${base}/v1/graphql`);
    assert.equal((await ask()).status, 503);
    assert.equal((await project.run(['status'])).code, 4);
    const upstream = createHttpServer((_request, response) => response.end('from upstream')).listen(
      base + 7,
      '127.0.0.1',
    );
    t.after(() => upstream.close());
    await once(upstream, 'listening');
    await until(async () => (await project.run(['status'])).code === 0);
    assert.equal(await (await ask()).text(), 'from upstream');
  });

  it('says which setting is wrong before it starts anything', async t => {
    const project = new Project();
    t.after(() => project.close());
    writeFileSync(join(project.folder, '.env'), 'POSTGRES_PORT=many\n', { mode: 0o600 });
    const { code, stderr } = await project.run(['up']);
    assert.equal(code, 1);
    assert.match(stderr, /POSTGRES_PORT must be a port/);
    assert.doesNotMatch(stderr, /bug/);
  });
});
