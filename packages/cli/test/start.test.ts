import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { StackSummary } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { finish, Project, until, untilHealthy } from './cli.ts';

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
    // Until the database, too, has ended, it is that which is named.
    assert.match(
      (await project.run(['status'])).stderr,
      new RegExp(
        `process ${pid} was killed|PostgreSQL \\(process \\d+, port \\d+\\) was left running by one that was killed`,
      ),
    );
    const { code, stdout, stderr } = await project.run(['up', '-d', '--port-base', base]);
    assert.equal(code, 0, stderr);
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

  it('is found in its folder when that was moved while it ran', async t => {
    const before = new Project();
    const project = new Project();
    t.after(() => project.close());
    await before.json('up', '-d', '--port-base', String(await reservePorts(4)));
    rmSync(project.folder, { recursive: true });
    renameSync(before.folder, project.folder);
    const status = await project.run(['status']);
    assert.equal(status.code, 0);
    assert.match(status.stdout, /was moved while the stack ran/);
    assert.doesNotMatch(status.stdout, /Changed since it began|Another version/);
    assert.deepEqual(await project.json('down'), { stopped: true });
    assert.doesNotMatch((await project.run(['status'])).stderr, /killed/);
  });

  it('lets go of everything when it is interrupted', async t => {
    const project = new Project();
    // A folder of its own, so that initdb has to work and is what the signals meet.
    project.env.PEAKSTONE_CACHE_DIR = join(project.folder, 'cache');
    t.after(() => project.close());
    const base = String(await reservePorts(4));
    const data = join(project.folder, '.peakstone');
    const moments: Readonly<Record<string, () => boolean>> = {
      'it holds the lock': () => existsSync(join(data, 'lock')),
      'initdb works': () => existsSync(join(project.folder, 'cache')) && existsSync(join(data, 'postgres')),
      'PostgreSQL starts': () => existsSync(join(data, 'postgres/postmaster.pid')),
    };
    for (const [moment, has] of Object.entries(moments)) {
      rmSync(data, { recursive: true, force: true });
      const child = project.start('up', '--port-base', base);
      const ran = finish(child);
      await until(has);
      child.kill('SIGINT');
      const { code } = await ran;
      assert.equal(code, 130, `when ${moment}`);
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
      'HASURA_ADMIN_SECRET',
      'MINIO_ROOT_PASS',
      'S3_APP_SECRET_KEY',
      'LOKI_ACCESS_KEY',
      'LOKI_SECRET_KEY',
      'IMGPROXY_KEY_HEX',
      'IMGPROXY_SALT_HEX',
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
