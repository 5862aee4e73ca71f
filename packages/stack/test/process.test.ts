import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, it, type TestContext } from 'node:test';
import { createPool } from '@peakstone/kernel/pg';
import { isAlive } from '@peakstone/kernel/process';
import { reservePorts, testDatabase, until } from '@peakstone/testing';
import { describeProcess, endOrphans } from '../src/run/orphans.ts';
import { ServiceProcess } from '../src/run/process/process.ts';
import type { SentContext } from '../src/run/process/protocol.ts';
import { services } from '../src/services/index.ts';
import type { Peer, ProcessLimits } from '../src/services/local.ts';

const fixture = (name: string): string => new URL(`fixtures/${name}.ts`, import.meta.url).href;
const logs = mkdtempSync(join(tmpdir(), 'peakstone-process-'));
after(() => rmSync(logs, { recursive: true, force: true }));

/** A service as a row of the table says it, with a path of its own. */
const peer = (name: string): Peer => ({
  name,
  title: name,
  contract: 'the tests',
  paths: [`/${name}`],
  route: { stripPrefix: true },
  domain: undefined,
  scheme: 'http',
  front: false,
  essential: false,
  engine: { kind: 'peakstone' },
});

function setUp(
  test: TestContext,
  { name = 'own', limits = {} }: { name?: string; limits?: ProcessLimits } = {},
) {
  const lines: string[] = [];
  const steps: string[] = [];
  const process = new ServiceProcess({
    name,
    limits,
    modules: [fixture('probe')],
    onLine: line => lines.push(line),
    onChange: () => undefined,
    health: async service => ({ ok: false, reason: `${service} is asked of the supervisor` }),
  });
  test.after(() => process.close());
  const start = (context: Partial<SentContext> = {}, service = 'probe', module = fixture('probe')) =>
    process.start(
      service,
      module,
      { env: {}, host: '127.0.0.1', ports: {}, peers: [], here: [], facts: {}, logs, ...context },
      AbortSignal.timeout(60_000),
      { step: text => steps.push(text), crashed: () => undefined },
    );
  return { process, start, lines, steps };
}

async function ask(port: number, path: string): Promise<{ pid: number; url: string; by: string }> {
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as never;
}

describe('a service in a process of its own', () => {
  it('is started, heard, looked at and stopped there; its log is its own', async test => {
    const { process: own, start, steps } = setUp(test);
    const port = await reservePorts();
    const remote = await start({ ports: { probe: port } });
    assert.notEqual(remote.pid(), process.pid);
    assert.equal((await ask(port, '/')).pid, remote.pid());
    assert.deepEqual(await remote.health(), { ok: true });
    assert.deepEqual(steps, ['warming up']);
    await remote.stop();
    assert.deepEqual(await remote.health(), { ok: false, reason: 'not running' });
    // Started again in the same process, as after a rotation of secrets.
    const again = await start({ env: { PROBE_ASKS: 'elsewhere' } });
    assert.equal(again.pid(), remote.pid());
    assert.deepEqual(await again.health(), { ok: false, reason: 'elsewhere is asked of the supervisor' });
    await again.stop();
    await own.close();
    assert.equal(isAlive(remote.pid()), false);
    assert.match(readFileSync(join(logs, 'probe.log'), 'utf8'), /probe starts\n.*probe has stopped\n/);
  });

  it('fails to start with its own reason and hint, and with its module’s', async test => {
    const { start } = setUp(test);
    await assert.rejects(
      start({ env: { PROBE_DOES: 'fail' } }),
      (error: Error & { hint?: string }) => error.message === 'it may not' && error.hint === 'let it',
    );
    await assert.rejects(start({}, 'lost', fixture('lost')), /Cannot find module/);
  });

  it('gives up a start that is not wanted any more', async test => {
    const { process: own } = setUp(test);
    const abort = new AbortController();
    const starting = own.start(
      'probe',
      fixture('probe'),
      {
        env: { PROBE_DOES: 'hang at the start' },
        ...{ host: '', ports: {}, peers: [], here: [], facts: {}, logs },
      },
      abort.signal,
      { step: () => abort.abort(), crashed: () => undefined },
    );
    await assert.rejects(starting, /abort/);
  });

  for (const [path, words] of [
    ['/throw', 'TypeError: a bug'],
    ['/reject', 'RangeError: a forgotten promise'],
  ] as const) {
    it(`tells why its process ended, and begins another with the next start (${path})`, async test => {
      const { start, lines } = setUp(test);
      const port = await reservePorts();
      const remote = await start({ ports: { probe: port } });
      await ask(port, path);
      const reason = await remote.ended;
      assert.ok(reason.includes(words), reason);
      assert.ok(lines.some(line => line.includes(words)));
      assert.equal((await remote.health().catch(error => error)).message, reason);
      await remote.stop();
      const next = await start({ ports: { probe: port } });
      assert.notEqual(next.pid(), remote.pid());
      assert.equal((await ask(port, '/')).pid, next.pid());
    });
  }

  it('is ended when it takes more memory than it may, and stands back when processors are wanted', async test => {
    const { start } = setUp(test, { limits: { memoryMb: 1, niceness: 5, heapMb: 64 } });
    const remote = await start();
    assert.equal(getPriority(remote.pid()), 5);
    if (process.platform === 'linux') {
      assert.equal(readFileSync(`/proc/${remote.pid()}/oom_score_adj`, 'utf8'), '300\n');
      assert.match(readFileSync(`/proc/${remote.pid()}/cmdline`, 'utf8'), /--max-old-space-size=64/);
    }
    await assert.rejects(async () => {
      while ((await remote.health()).ok);
    });
    assert.match(await remote.ended, /it takes \d+ MB of memory, more than its 1/);
  });

  it('is ended with its process when it does not stop', async test => {
    const { start } = setUp(test);
    const remote = await start({ env: { PROBE_DOES: 'hang at the stop' } });
    await remote.stop();
    assert.match(await remote.ended, /probe did not stop within/);
    assert.equal(isAlive(remote.pid()), false);
  });

  it('ends when its supervisor is killed; what cannot notice is ended by the next start', async () => {
    for (const suspended of [false, true]) {
      const keeper = spawn(process.execPath, [new URL(fixture('keeper')).pathname], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(createInterface({ input: keeper.stdout }), 'line')) as [string];
      const left = describeProcess(Number(line));
      if (suspended) process.kill(left.pid, 'SIGSTOP');
      keeper.kill('SIGKILL');
      await once(keeper, 'exit');
      if (suspended) {
        // Another process that has the id by now is left alone.
        await endOrphans([{ ...left, start: 'long ago' }]);
        assert.equal(isAlive(left.pid), true);
        await endOrphans([left]);
      }
      await until(() => !isAlive(left.pid));
    }
  });
});

describe('the gateway', () => {
  it('reaches a service in its own process by its handler, and one in another by its port', async test => {
    const apis = setUp(test, { name: 'apis' });
    const own = setUp(test);
    const [gatewayPort, insidePort, outsidePort] = [
      await reservePorts(),
      await reservePorts(),
      await reservePorts(),
    ];
    const gateway = services.find(service => service.front)!;
    const context = {
      ports: { gateway: gatewayPort, inside: insidePort, outside: outsidePort },
      peers: [peer('inside'), peer('outside')],
    };
    const inside = await apis.start(
      { ...context, here: ['inside', 'gateway'], env: { PROBE_NAME: 'inside' } },
      'inside',
    );
    const outside = await own.start(
      { ...context, here: ['outside'], env: { PROBE_NAME: 'outside' } },
      'outside',
    );
    const front = await apis.start(
      {
        ...context,
        here: ['inside', 'gateway'],
        env: { GATEWAY_PORT: String(gatewayPort), GATEWAY_ACCESS_LOG: 'off' },
      },
      'gateway',
      gateway.local!.run,
    );
    assert.deepEqual(await ask(gatewayPort, '/inside/a?b=c'), {
      pid: inside.pid(),
      url: '/a?b=c',
      by: 'handler',
    });
    assert.deepEqual(await ask(gatewayPort, '/outside/a?b=c'), {
      pid: outside.pid(),
      url: '/a?b=c',
      by: 'socket',
    });
    assert.equal(front.pid(), inside.pid());
    // One that ends takes nobody with it: clients are told to come back, and find the next one.
    process.kill(outside.pid(), 'SIGKILL');
    await outside.ended;
    const refused = await fetch(`http://127.0.0.1:${gatewayPort}/outside/`);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '2']);
    await own.start({ ...context, here: ['outside'], env: { PROBE_NAME: 'outside' } }, 'outside');
    assert.equal((await ask(gatewayPort, '/outside/')).by, 'socket');
    assert.equal((await ask(gatewayPort, '/inside/')).by, 'handler');
    await front.stop();
  });

  it('reaches the REST API in a process of its own as well, with limits: the module is the same', async test => {
    const database = await testDatabase({
      bootstrap: true,
      sql: "create table films (title text); insert into films values ('Alien'); grant select on films to web_anon",
    });
    test.after(() => database.drop());
    const apis = setUp(test, { name: 'apis' });
    const own = setUp(test, { name: 'rest', limits: { heapMb: 256, memoryMb: 1024, niceness: 1 } });
    const [gatewayPort, restPort] = [await reservePorts(), await reservePorts()];
    const row = (name: string) => services.find(service => service.name === name)!.local!.run;
    const context = {
      ports: { gateway: gatewayPort, rest: restPort },
      peers: [
        { ...peer('rest'), paths: ['/rest/v1'], route: { stripPrefix: true } },
        { ...peer('gateway'), paths: ['/'], route: undefined, front: true },
      ],
      facts: { databaseApiUrl: database.roleUrl('db_authenticator'), schemas: 'public' },
    };
    const env = { PGRST_SERVER_PORT: String(restPort), JWT_SECRET: 'x'.repeat(32) };
    const rest = await own.start({ ...context, here: ['rest'], env }, 'rest', row('rest'));
    const front = await apis.start(
      {
        ...context,
        here: ['gateway'],
        env: { GATEWAY_PORT: String(gatewayPort), GATEWAY_ACCESS_LOG: 'off' },
      },
      'gateway',
      row('gateway'),
    );
    assert.notEqual(rest.pid(), front.pid());
    await until(async () => (await rest.health()).ok);
    const rows = async (table: string) =>
      (await fetch(`http://127.0.0.1:${gatewayPort}/rest/v1/${table}`)).json();
    assert.deepEqual(await rows('films'), [{ title: 'Alien' }]);
    const migrator = createPool({ url: database.roleUrl('db_migrator') });
    test.after(() => migrator.close());
    await migrator.query("create table actors as select 'Weaver' as name");
    await migrator.query('grant select on actors to web_anon');
    await rest.refresh();
    assert.deepEqual(await rows('actors'), [{ name: 'Weaver' }]);
    await front.stop();
    await rest.stop();
  });
});
