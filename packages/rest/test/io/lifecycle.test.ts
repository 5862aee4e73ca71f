import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { serveHttp } from '@peakstone/kernel/http';
import { proxyTo } from '@peakstone/kernel/http/proxy';
import { holdLock, reservePorts } from '@peakstone/testing';
import { type Fixture, restFixture } from './support/fixture.ts';
import { type RestProcess, spawnRest } from './support/process.ts';
import { settingsOf, startServer } from './support/server.ts';

let fixture: Fixture;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rest-life-'));
  fixture = await restFixture();
});
after(async () => {
  await fixture?.drop();
  await rm(folder, { recursive: true, force: true });
});

const addressOf = async (rest: RestProcess): Promise<string> =>
  (await rest.untilLogged(/API server listening on (\S+)/))[1]!;

/** What is sent within a moment of the signal is still answered, as it may have been on its way. */
async function untilRefused(url: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  const isRefused = (): Promise<boolean> =>
    fetch(url).then(
      response => response.body?.cancel().then(() => false) ?? false,
      () => true,
    );
  while (!(await isRefused())) assert.ok(performance.now() < deadline, `${url} still answers`);
}

function getThrough(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, response => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('shutting down', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`by ${signal} lets requests in work finish, and takes no more`, async () => {
      const port = await reservePorts();
      const rest = spawnRest({ env: settingsOf(fixture, { 'server-port': String(port) }) });
      const address = await addressOf(rest);
      const lock = await holdLock(fixture);
      const slow = fetch(`http://${address}/rpc/wait`);
      await lock.waiting(1);
      const exit = rest.exit(signal);
      await rest.untilLogged(new RegExp(`Received termination unix signal ${signal}`));
      await untilRefused(`http://${address}/items`);
      await lock.release();
      const response = await slow;
      assert.equal(response.status, 204);
      assert.equal(await exit, 0);
    });
  }

  it('while the database is away takes no longer', async () => {
    const rest = spawnRest({ env: settingsOf(fixture, { 'db-uri': 'postgres://127.0.0.1:1/none' }) });
    await addressOf(rest);
    const startedAt = performance.now();
    assert.equal(await rest.exit('SIGTERM'), 0);
    // That is how long requests in work would have.
    assert.ok(performance.now() - startedAt < 30_000);
  });

  it('closes every connection, so that a stopped service leaves nothing behind', async () => {
    const server = await startServer(fixture, { 'server-port': String(await reservePorts()) });
    await server.get('/items');
    await server.stop();
    await server.stop();
    await assert.rejects(server.get('/items'));
    assert.deepEqual(await server.rest.health(), { ok: false, reason: 'The API server does not listen' });
  });

  it('of a start that is given up releases what it took', async () => {
    const { restService } = await import('../../src/index.ts');
    const aborter = new AbortController();
    const starting = restService.start({ env: settingsOf(fixture) }, { out() {}, err() {} }, aborter.signal);
    aborter.abort();
    await assert.rejects(starting);
  });
});

describe('listening', () => {
  it('on a unix socket with the mode that was asked for, replacing a stale file', async () => {
    const socket = join(folder, 'rest.sock');
    const settings = { 'server-unix-socket': socket, 'server-unix-socket-mode': '777' };
    const killed = spawnRest({ env: settingsOf(fixture, settings) });
    assert.equal(await addressOf(killed), socket);
    await killed.exit('SIGKILL');
    const server = await startServer(fixture, settings);
    try {
      assert.equal((await stat(socket)).mode & 0o777, 0o777);
      assert.equal(await getThrough(socket, '/items'), 200);
      assert.ok(server.out.some(line => line.startsWith(`- - ${fixture.anon} [`)));
    } finally {
      await server.stop();
    }
  });

  for (const host of ['*', '*4', '!4', '*6', '!6', '127.0.0.1', 'localhost', '::1']) {
    it(`on ${host}`, async t => {
      let server: Awaited<ReturnType<typeof startServer>>;
      try {
        server = await startServer(fixture, { 'server-host': host });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (!host.includes(':') || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) throw error;
        t.skip('this machine has no IPv6');
        return;
      }
      try {
        assert.match(server.rest.address ?? '', /^(\[[0-9a-f:]+\]|[\d.]+):\d+$/);
        const local = server.rest.address!.startsWith('[') ? '[::1]' : '127.0.0.1';
        assert.equal((await fetch(`http://${local}:${server.rest.port}/items`)).status, 200);
      } finally {
        await server.stop();
      }
    });
  }

  it('on a taken port fails, unless ports are shared, and then a successor takes over without a gap', async () => {
    const port = String(await reservePorts());
    const settings = { 'server-port': port, 'server-reuseport': 'true' };
    const first = spawnRest({ env: settingsOf(fixture, settings) });
    const address = await addressOf(first);
    const alone = spawnRest({ env: settingsOf(fixture, { 'server-port': port }) });
    assert.equal(await alone.exit(), 1);
    const second = spawnRest({ env: settingsOf(fixture, settings) });
    await addressOf(second);
    // The gateway's, which asks once more where a connection ends unanswered: a server answers what has reached it, but
    // the system alone knows who connects in the instant in which it closes.
    const proxy = proxyTo(`http://${address}`);
    const front = await serveHttp(proxy.handler);
    let isHandingOver = true;
    const failures: unknown[] = [];
    const client = (async () => {
      while (isHandingOver) {
        const response = await fetch(`${front.url}/items`);
        if (response.status !== 200) failures.push(await response.text());
        else await response.arrayBuffer();
        await new Promise(resolve => setTimeout(resolve, 20));
      }
    })();
    assert.equal(await first.exit('SIGTERM'), 0);
    await new Promise(resolve => setTimeout(resolve, 300));
    isHandingOver = false;
    await client;
    proxy.close();
    await front.close(0);
    assert.equal(await second.exit('SIGTERM'), 0);
    assert.deepEqual(failures, []);
  });
});
