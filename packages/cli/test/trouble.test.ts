import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { connectClient } from '@peakstone/kernel/pg';
import { isAlive } from '@peakstone/kernel/process';
import type { StackStatus, StackSummary } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project, until, untilHealthy } from './cli.ts';

describe('a stack in trouble', () => {
  const project = new Project();
  const state = join(project.folder, '.peakstone', 'state.json');
  let base: number;
  before(async () => {
    base = await reservePorts(4);
  });
  beforeEach(async () => {
    await project.run(['down']);
    await project.json<StackSummary>('up', '--detach', '--port-base', String(base));
  });
  after(() => project.close());

  const healthz = async (): Promise<number> => (await fetch(`http://127.0.0.1:${base}/healthz`)).status;
  const rest = async (): Promise<number> => (await fetch(`http://127.0.0.1:${base}/rest/v1/`)).status;
  const status = async (): Promise<StackStatus> => await project.json<StackStatus>('status');

  it('is found by its lock and its control channel when its state is broken, lost, or of a newer version', async () => {
    for (const damage of [
      () => writeFileSync(state, '{"version":1,'),
      () => rmSync(state),
      () => writeFileSync(state, '{"version":99,"pid":1}'),
      () => writeFileSync(state, 'null'),
    ]) {
      damage();
      assert.equal((await untilHealthy(project)).healthy, true);
      assert.equal((await project.run(['sql', 'select 1'])).code, 0);
      const { pid } = await status();
      const { code, stdout } = await project.run(['down', '--json']);
      assert.deepEqual([code, JSON.parse(stdout)], [0, { stopped: true }]);
      assert.equal(isAlive(pid), false);
      await project.json('up', '--detach', '--port-base', String(base));
    }
  });

  it('is stopped when state and control channel are both gone', async () => {
    const { pid } = await status();
    rmSync(state);
    rmSync(join(project.folder, '.peakstone', 'control.sock'));
    const { code, stdout } = await project.run(['down', '--json']);
    assert.deepEqual([code, JSON.parse(stdout)], [0, { stopped: true }]);
    assert.equal(isAlive(pid), false);
  });

  it('starts over what a newer version left behind', async () => {
    await project.run(['down']);
    writeFileSync(state, '{"version":99,"pid":1}');
    await project.json('up', '--detach', '--port-base', String(base));
    await untilHealthy(project);
  });

  it('names what it left running when it was killed, also when its state is lost, and down ends that alone', async t => {
    const { pid, services } = await status();
    const pids = [...new Set(services.flatMap(service => service.pid ?? []))];
    const server = services.find(({ name }) => name === 'postgres')!.pid!;
    const apis = pids.find(each => each !== server)!;
    // What ends by itself with its supervisor hangs.
    process.kill(apis, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    const left = [`PostgreSQL (process ${server}, port ${base + 1})`, `services (process ${apis})`];
    const told = async (): Promise<unknown> =>
      JSON.parse((await project.run(['status', '--json'])).stdout).remains;
    await until(async () => isDeepStrictEqual(await told(), left));
    const { code, stderr } = await project.run(['status']);
    assert.equal(code, 3);
    assert.match(
      stderr,
      /No stack runs in .*, but PostgreSQL \(process \d+, port \d+\) and services .* were left/,
    );
    assert.match(
      (await project.run(['doctor'])).stdout,
      /warn +Last run +was killed, and left running: PostgreSQL \(process/,
    );
    const beside = new Project();
    t.after(() => beside.close());
    assert.deepEqual(await beside.json('status'), { running: false, remains: [] });
    process.kill(apis, 'SIGCONT');
    await until(() => !isAlive(apis));
    rmSync(state, { force: true });
    assert.deepEqual(await told(), left.slice(0, 1));
    assert.equal((await project.run(['down'])).code, 0);
    assert.deepEqual([isAlive(server), await told()], [false, []]);
  });

  it('says of no secret that it was changed when only its folder was moved', async () => {
    const moved = project.at(`${project.folder}-moved`);
    renameSync(project.folder, moved.folder);
    const { moved: isMoved, services } = await moved.json<StackStatus>('status');
    assert.deepEqual([isMoved, services.flatMap(({ outdatedSecrets }) => outdatedSecrets)], [true, []]);
    assert.equal((await moved.run(['down'])).code, 0);
    renameSync(moved.folder, project.folder);
  });

  it('is not called healthy while others hold every connection, restarts nothing, and is well again after that', async () => {
    await untilHealthy(project);
    const api = async () => (await status()).services.find(service => service.name === 'rest')!;
    const password = (await project.run(['secrets', 'DB_MIGRATOR_PASSWORD'])).stdout.trim();
    const url = `postgres://db_migrator:${password}@127.0.0.1:${base + 1}/postgres`;
    const administrator = await connectClient({
      url: (await project.run(['url', 'superuser'])).stdout.trim(),
    });
    const taken: Awaited<ReturnType<typeof connectClient>>[] = [];
    try {
      // Others take every connection, those that the API loses as well.
      await until(async () => {
        await administrator.script(
          `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'db_authenticator'`,
        );
        try {
          for (;;) taken.push(await connectClient({ url }));
        } catch (error) {
          assert.match(String(error), /too many|remaining connection slots/);
        }
        return (await rest()) === 503;
      });
      await until(async () => (await healthz()) === 503);
      assert.equal((await status()).healthy, false);
      const { reason, elsewhere } = await api();
      assert.match(reason ?? '', /too many|remaining connection slots/);
      assert.equal(elsewhere, true);
      const { code, stdout } = await project.run(['status']);
      assert.equal(code, 4);
      assert.match(stdout, /^rest +unhealthy .*\n .*\n +The cause is in what it depends on/m);
    } finally {
      for (const client of [administrator, ...taken]) client.close();
    }
    await untilHealthy(project);
    await until(async () => (await healthz()) === 200);
    assert.equal((await api()).restarts, 0);
  });

  it('says why one service cannot be restarted without the other', async () => {
    await project.run(['down', 'postgres']);
    const { code, stderr } = await project.run(['restart', 'rest']);
    assert.equal(code, 1);
    assert.match(stderr, /REST API needs PostgreSQL 17, which is stopped\.\nhint: {2}Nothing was changed/);
    assert.equal((await project.run(['restart', 'postgres'])).code, 0);
    await untilHealthy(project);
  });

  it('asks for health on the port that the stack has', async () => {
    await untilHealthy(project);
    assert.deepEqual(await project.run(['health']), { code: 0, stdout: '', stderr: '' });
    await project.run(['down', 'rest']);
    // What was found a moment ago serves for a second.
    let ill = await project.run(['health']);
    await until(async () => {
      ill = await project.run(['health']);
      return ill.code === 4;
    });
    assert.match(ill.stderr, new RegExp(`127\\.0\\.0\\.1:${base}/healthz answers 503`));
    await project.run(['down']);
    assert.equal((await project.run(['health'])).code, 3);
  });

  it('ends itself when its folder was removed while it ran, and leaves nothing that holds its ports', async () => {
    await untilHealthy(project);
    const { pid, services } = await status();
    const database = services.find(({ name }) => name === 'postgres')!.pid!;
    const data = join(project.folder, '.peakstone');
    // What the server writes meanwhile is in the way of who removes it, who does it again.
    await until(async () => {
      rmSync(data, { recursive: true, force: true });
      return !existsSync(data);
    });
    await until(async () => !isAlive(pid) && !isAlive(database));
    assert.equal(existsSync(data), false);
    assert.equal((await project.run(['down'])).code, 0);
    await project.json('up', '--detach', '--port-base', String(base));
    assert.equal((await untilHealthy(project)).healthy, true);
    assert.notEqual((await status()).pid, pid);
  });

  it('says that its folder was moved while it ran, changes nothing there, and is well after down and up', async () => {
    await untilHealthy(project);
    const folder = `${project.folder}-moved`;
    renameSync(project.folder, folder);
    const moved = project.at(folder);
    try {
      // Whichever way it goes, on connections that are still there or on new ones: health says what requests find.
      await until(async () => ((await healthz()) === 200) === ((await rest()) === 200));
      const { stdout } = await moved.run(['status']);
      assert.match(
        stdout,
        /^The folder was moved while the stack ran, .*: peakstone down, then peakstone up --detach --port-base \d+$/m,
      );
      const { pid, services } = await moved.json<StackStatus>('status');
      for (const command of [['restart'], ['restart', 'rest'], ['up', '--detach']]) {
        const { code, stderr } = await moved.run(command);
        assert.equal(code, 1);
        assert.match(
          stderr,
          /moved while it ran[\s\S]*In its new place: 'peakstone down', then 'peakstone up --detach --port-base \d+'/,
        );
      }
      // A database that ends there is not made anew in the old place.
      process.kill(services.find(({ name }) => name === 'postgres')!.pid!, 'SIGKILL');
      await until(async () => {
        const { services } = await moved.json<StackStatus>('status');
        const { reason } = services.find(({ name }) => name === 'postgres')!;
        return /no longer in/.test(reason ?? '');
      });
      assert.equal(existsSync(join(project.folder, '.peakstone', 'postgres')), false);
      assert.equal((await moved.run(['down'])).code, 0);
      assert.equal(isAlive(pid), false);
      await moved.json('up', '--detach', '--port-base', String(base));
      assert.equal((await untilHealthy(moved)).moved, false);
      assert.equal(await rest(), 200);
      assert.equal((await moved.run(['down'])).code, 0);
    } finally {
      renameSync(folder, project.folder);
    }
  });
});
