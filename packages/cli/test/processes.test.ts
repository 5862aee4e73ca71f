import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@peakstone/kernel/process';
import type { ServiceStatus, StackStatus, StackSummary } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import pg from 'pg';
import { Project, until, untilHealthy } from './cli.ts';

/** Long enough that a look, and a few of them, fall into it. */
const stallMs = 5000;

/** Requests, each on a connection of its own, a few at once, until it is stopped. */
class Load {
  answered = 0;
  /** How often, by the error's code. */
  readonly failures = new Map<string, number>();
  readonly #url: string;
  #isStopped = false;
  readonly #clients: Promise<unknown>;

  constructor(url: string) {
    this.#url = url;
    this.#clients = Promise.all(Array.from({ length: 4 }, () => this.#run()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#clients;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const code = await new Promise<string | null>(resolve => {
        get(this.#url, { agent: false }, response =>
          response
            .on('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message))
            .on('end', () => resolve(null))
            .resume(),
        ).on('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.message));
      });
      if (code === null) this.answered++;
      else this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
    }
  }
}

describe('the processes of a stack', () => {
  const project = new Project();
  let summary: StackSummary;
  let base: string;
  before(async () => {
    base = String(await reservePorts(4));
    summary = await project.json<StackSummary>('up', '--detach', '--port-base', base);
    await project.run(['sql'], 'create table kept (id int)');
  });
  after(() => project.close());

  const service = (status: StackStatus, name: string): ServiceStatus =>
    status.services.find(each => each.name === name)!;
  const postmaster = (): number =>
    Number(readFileSync(join(project.folder, '.peakstone/postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  const answers = async (): Promise<boolean> => {
    const response = await fetch(`http://127.0.0.1:${base}/rest/v1/kept`).catch(() => null);
    await response?.body?.cancel();
    return response?.status === 200;
  };

  it('are the supervisor, PostgreSQL, and one for the APIs', async () => {
    await until(answers);
    const status = await untilHealthy(project);
    const [database, rest, gateway] = ['postgres', 'rest', 'gateway'].map(name => service(status, name).pid);
    assert.equal(database, postmaster());
    assert.equal(rest, gateway);
    assert.equal(new Set([status.pid, database, rest]).size, 3);
    assert.equal(status.pid, summary.pid);
  });

  it('come back one by one: the APIs’ is killed, and neither PostgreSQL nor its other clients notice', async () => {
    const before = await untilHealthy(project);
    const { stdout: password } = await project.run(['secrets', '--show', 'POSTGRES_SUPERPASS']);
    const client = new pg.Client({
      host: '127.0.0.1',
      port: summary.ports.postgres!,
      user: 'postgres',
      database: 'postgres',
      password: password.trim().replace(/^POSTGRES_SUPERPASS=/, ''),
    });
    await client.connect();
    await client.query('begin');
    await client.query('insert into kept values (1)');
    process.kill(service(before, 'rest').pid!, 'SIGKILL');
    await until(answers);
    await client.query('insert into kept values (2)');
    await client.query('commit');
    await client.end();
    const now = await untilHealthy(project);
    assert.equal(now.pid, before.pid);
    assert.equal(service(now, 'postgres').pid, service(before, 'postgres').pid);
    assert.notEqual(service(now, 'rest').pid, service(before, 'rest').pid);
    assert.deepEqual(
      now.services.map(({ name, restarts }) => [name, restarts]),
      [
        ['postgres', 0],
        // In the same process.
        ['cron', 1],
        ['rest', 1],
        ['graphql', 1],
        ['storage', 0],
        ['images', 0],
        ['gateway', 1],
      ],
    );
    assert.equal((await project.run(['sql', '--csv', 'select count(*) from kept'])).stdout, 'count\n2\n');
    assert.match(
      (await project.run(['logs', 'stack', '-n', '100'])).stdout,
      /rest: unhealthy: its process \(\d+\) ended: signal SIGKILL/,
    );
  });

  it('are killed or restarted under load, and no connection is refused, neither at the gateway nor at the API’s own port', async () => {
    const { services } = await untilHealthy(project);
    const load = ['gateway', 'rest'].map(
      name => new Load(`${service({ services } as StackStatus, name).url}/`),
    );
    try {
      for (let round = 0; round < 2; round++) {
        process.kill(service(await untilHealthy(project), 'rest').pid!, 'SIGKILL');
        await until(answers);
        await untilHealthy(project);
      }
      for (const name of ['rest', 'gateway']) assert.equal((await project.run(['restart', name])).code, 0);
    } finally {
      await Promise.all(load.map(each => each.stop()));
    }
    for (const { answered, failures } of load) {
      assert.ok(answered > 0);
      // What a killed process had accepted ends with it.
      assert.deepEqual(
        [...failures.keys()].filter(code => code !== 'ECONNRESET' && code !== 'EPIPE'),
        [],
      );
    }
  });

  it('are left alone when they, or the supervisor, were held up for seconds', async () => {
    const before = await untilHealthy(project);
    for (const pid of [service(before, 'rest').pid!, before.pid, service(before, 'postgres').pid!]) {
      process.kill(pid, 'SIGSTOP');
      await sleep(stallMs);
      process.kill(pid, 'SIGCONT');
      await until(answers);
      const now = await untilHealthy(project);
      assert.deepEqual(
        now.services.map(({ name, pid, restarts }) => ({ name, pid, restarts })),
        before.services.map(({ name, pid, restarts }) => ({ name, pid, restarts })),
      );
    }
  });

  it('leave nothing behind when all are killed but one that hangs: the next start has their ports', async () => {
    const { pid, services } = await untilHealthy(project);
    process.kill(services.find(({ name }) => name === 'rest')!.pid!, 'SIGSTOP');
    process.kill(pid, 'SIGKILL');
    await until(async () => (await project.run(['status'])).code === 3);
    const { code, stderr } = await project.run(['up', '--detach', '--port-base', base]);
    assert.equal(code, 0, stderr);
    await until(answers);
  });

  it('all end with the stack', async () => {
    const { pid, services } = await untilHealthy(project);
    assert.equal((await project.run(['down'])).code, 0);
    for (const each of [pid, ...services.map(({ pid }) => pid!)]) assert.equal(isAlive(each), false);
  });
});
