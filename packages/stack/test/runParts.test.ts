import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { until } from '@peakstone/testing';
import { ask } from '../src/operate/client.ts';
import { examine } from '../src/operate/doctor/index.ts';
import { followLogs, readLogs } from '../src/operate/logRead.ts';
import type { EnvValues } from '../src/project/envFile.ts';
import { StackError } from '../src/project/errors.ts';
import { isLocked, takeLock } from '../src/project/lock.ts';
import { type StackPaths, stackPaths } from '../src/project/paths.ts';
import { askControl, listenControl } from '../src/run/control.ts';
import { LogFile } from '../src/run/logFile.ts';
import { allocatePorts, portIsFree } from '../src/run/ports.ts';
import { controlSocket, readPresence } from '../src/run/state.ts';

const root = mkdtempSync(join(tmpdir(), 'peakstone-parts-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const folder = (): string => mkdtempSync(join(root, `${++count}-`));

describe('the lock of a folder', () => {
  it('is held by one, seen by others, and free again when released', () => {
    const path = join(folder(), 'lock');
    const lock = takeLock(path);
    assert.ok(lock);
    assert.equal(isLocked(path), true);
    assert.equal(takeLock(path), null);
    lock.release();
    lock.release();
    assert.equal(isLocked(path), false);
    takeLock(path)!.release();
  });

  it('leaves nothing beside it, and says when its path is too long', () => {
    const path = join(folder(), 'lock');
    const lock = takeLock(path);
    assert.deepEqual(readdirSync(dirname(path)), ['lock']);
    lock?.release();
    const deep = join(folder(), ...Array<string>(4).fill('d'.repeat(200)));
    mkdirSync(deep, { recursive: true });
    assert.throws(() => takeLock(join(deep, 'lock')), { code: 'permission', hint: /shorter path/ });
  });

  it('is held by a process that has dropped its handle, until that is killed', async t => {
    const path = join(folder(), 'lock');
    const source = `import { takeLock } from ${JSON.stringify(new URL('../src/project/lock.ts', import.meta.url).href)};
      takeLock(${JSON.stringify(path)}); setTimeout(() => { gc(); console.log('held'); }); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => holder.kill('SIGKILL'));
    await once(holder.stdout!, 'data');
    assert.equal(isLocked(path), true);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    assert.equal(isLocked(path), false);
  });
});

describe('what a stack left in its folder', () => {
  const left = (text: string) => {
    const paths = stackPaths(folder());
    mkdirSync(paths.data);
    writeFileSync(paths.state, text);
    return paths;
  };

  it('is nothing when it cannot be read, so that the next start writes it anew', () => {
    for (const text of ['', '{bad', 'null', '[]', '{"version":2,"pid":1,"ports":{}}', '{"version":1}'])
      assert.equal(readPresence(left(text)).kind, 'absent', text);
  });

  it('has its control channel where the folder is now, not where it was', () => {
    const paths = left('');
    const state = {
      version: 1,
      pid: 1,
      startedAt: '',
      host: '',
      ports: {},
      control: '/elsewhere/control.sock',
    } as const;
    assert.equal(controlSocket(paths, state), '/elsewhere/control.sock');
    writeFileSync(paths.control, '');
    assert.equal(controlSocket(paths, state), paths.control);
  });

  it('is told apart from a process that hangs, and what to do about that one', async () => {
    const paths = left('');
    const lock = takeLock(paths.lock)!;
    const state = {
      version: 1,
      pid: 4711,
      startedAt: '',
      host: '',
      ports: {},
      control: paths.control,
    } as const;
    await assert.rejects(ask(paths, state, { command: 'status' }), {
      message: 'The stack does not answer: process 4711 runs, but nobody listens on its control channel.',
      hint: /kill -CONT 4711/,
    });
    lock.release();
    await assert.rejects(ask(paths, state, { command: 'status' }), { code: 'notRunning' });
  });
});

describe('the examination of a folder', () => {
  const examined = async (prepare: (paths: StackPaths) => void, env: EnvValues = {}) => {
    const paths = stackPaths(folder());
    prepare(paths);
    const checks = await examine(paths, env);
    return checks
      .filter(check => check.level !== 'ok' && check.title !== 'Port')
      .map(({ title, found }) => `${title}: ${found}`);
  };

  it('asks nothing of services that do not take part, and refuses an address of theirs that is none', async () => {
    const prepare = () => undefined;
    const wrong = { BACKUP_FULL: 'whenever' };
    assert.doesNotMatch((await examined(prepare, wrong)).join(), /BACKUP_FULL/);
    assert.match((await examined(prepare, { ...wrong, BACKUP_STORE: '/srv/backups' })).join(), /BACKUP_FULL/);
    assert.match(
      (await examined(prepare, { PEAKSTONE_UPSTREAM_REST: 'nowhere' })).join(),
      /Settings: PEAKSTONE_UPSTREAM_REST/,
    );
    const ports = async (env: EnvValues) =>
      (await examine(stackPaths(folder()), env))
        .filter(({ title }) => title === 'Port')
        .map(({ found }) => found);
    assert.match((await ports({})).join(), / for rest/);
    assert.doesNotMatch((await ports({ PEAKSTONE_UPSTREAM_REST: 'http://127.0.0.1:1' })).join(), / for rest/);
  });

  it('finds what the start would refuse', async () => {
    assert.match(
      (await examined(paths => writeFileSync(paths.data, ''))).join(),
      /Data folder: .* is a file/,
    );
    const database = (paths: StackPaths) => join(paths.data, 'postgres');
    const other = await examined(paths => {
      mkdirSync(database(paths), { recursive: true });
      writeFileSync(join(database(paths), 'letter.txt'), '');
    });
    assert.match(other.join(), /Database: .*cannot hold the database: it holds other files/);
    const old = await examined(paths => {
      mkdirSync(database(paths), { recursive: true });
      writeFileSync(join(database(paths), 'PG_VERSION'), '16\n');
    });
    assert.match(old.join(), /Database: .*was made by PostgreSQL 16/);
    assert.match((await examined(paths => mkdirSync(paths.env))).join(), /\.env: .* is not a file/);
    const link = await examined(paths => symlinkSync('/nowhere/.env', paths.env));
    assert.match(link.join(), /\.env: .* is a link to \/nowhere/);
  });

  it('names what is set twice', async () => {
    const twice = await examined(paths =>
      writeFileSync(paths.env, 'TZ=UTC\nA=1\n# A=3\nA=2\n', { mode: 0o600 }),
    );
    assert.ok(twice.includes('.env: sets A more than once'), twice.join());
  });

  it('knows where nothing can be made', {
    skip: process.getuid?.() === 0 && 'root may write anywhere',
  }, async () => {
    const closed = await examined(paths => chmodSync(paths.project, 0o500));
    assert.match(closed.join(), /Data folder: .*may not write/);
  });
});

describe('finding ports', () => {
  it('takes the next free one, never one that another service was promised', async () => {
    const busy = new Set([8000, 8001]);
    const wishes = [
      { service: 'gateway', port: 8000, host: '127.0.0.1' },
      { service: 'rest', port: 8002, setBy: 'PGRST_SERVER_PORT', host: '127.0.0.1' },
    ];
    const plan = await allocatePorts(wishes, async port => !busy.has(port));
    assert.deepEqual(plan.ports, { rest: 8002, gateway: 8003 });
    assert.deepEqual(plan.notices, [{ service: 'gateway', wanted: 8000, port: 8003 }]);
  });

  it('refuses a named port that is in use, and says who named it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    assert.equal(await portIsFree(port, '127.0.0.1'), false);
    await assert.rejects(
      allocatePorts([{ service: 'rest', port, setBy: '--port-base', host: '127.0.0.1' }]),
      (error: StackError) => {
        assert.equal(error.code, 'portTaken');
        assert.match(error.message, new RegExp(`Port ${port} for rest`));
        assert.match(error.hint ?? '', /--port-base/);
        return true;
      },
    );
    server.close();
    await once(server, 'close');
    assert.equal(await portIsFree(port, '127.0.0.1'), true);
  });

  it('says when a whole range is taken', async () => {
    await assert.rejects(
      allocatePorts([{ service: 'rest', port: 3000, host: '127.0.0.1' }], async () => false),
      /No port from 3000 to 3099/,
    );
  });

  it('names an address that is not this machine’s', async () => {
    await assert.rejects(portIsFree(8000, '192.0.2.1'), /Cannot listen on 192\.0\.2\.1/);
  });
});

describe('a service’s log', () => {
  it('is bounded: old lines move to numbered files, the oldest go', () => {
    const logs = folder();
    const log = new LogFile(logs, 'rest', { maxBytes: 1000, keep: 2 });
    for (let line = 0; line < 100; line++) {
      log.write(`line ${line} ${'x'.repeat(50)}`);
      log.flush();
    }
    log.close();
    assert.deepEqual(readdirSync(logs).sort(), ['rest.log', 'rest.log.1', 'rest.log.2']);
    for (const name of readdirSync(logs)) assert.ok(statSync(join(logs, name)).size <= 1000);
    assert.match(readFileSync(join(logs, 'rest.log'), 'utf8'), /line 99/);
    assert.equal(statSync(join(logs, 'rest.log')).mode & 0o777, 0o600);
  });

  it('cuts a line that has no end, and joins one that comes in pieces', async () => {
    const logs = folder();
    const log = new LogFile(logs, 'postgres');
    log.writeChunk('half ');
    log.writeChunk('whole\nnext');
    log.write('y'.repeat(1_000_000));
    log.close();
    const lines = (await readLogs(logs, { services: [] })).map(line => line.text);
    assert.equal(lines[0], 'half whole');
    assert.ok(lines[1]!.length < 70_000);
    assert.equal(lines[2], 'next');
  });

  it('is read merged by time, by service, since a moment, and its tail alone', async () => {
    const logs = folder();
    const [a, b] = [new LogFile(logs, 'a'), new LogFile(logs, 'b')];
    a.write('first', new Date('2026-01-01T00:00:01Z'));
    b.write('second', new Date('2026-01-01T00:00:02Z'));
    a.write('third', new Date('2026-01-01T00:00:03Z'));
    a.close();
    b.close();
    const texts = async (query: Parameters<typeof readLogs>[1]): Promise<string[]> =>
      (await readLogs(logs, query)).map(line => line.text);
    assert.deepEqual(await texts({ services: [] }), ['first', 'second', 'third']);
    assert.deepEqual(await texts({ services: ['a'] }), ['first', 'third']);
    assert.deepEqual(await texts({ services: [], since: new Date('2026-01-01T00:00:02Z') }), [
      'second',
      'third',
    ]);
    assert.deepEqual(await texts({ services: [], tail: 1 }), ['third']);
  });

  it('is followed across rotation without a lost or doubled line', async () => {
    const logs = folder();
    const log = new LogFile(logs, 'rest', { maxBytes: 2000, keep: 8 });
    log.write('old');
    log.flush();
    const abort = new AbortController();
    const lines = await followLogs(logs, ['rest'], abort.signal);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const line of lines) {
        seen.push(line.text);
        if (seen.length === 300) abort.abort();
      }
    })();
    for (let line = 0; line < 300; line++) {
      log.write(`line ${line} ${'é'.repeat(60)}`);
      log.flush();
      // In bursts, so that it is rotated within a look, between two, and several times between two.
      if (line % 50 > 25) await new Promise(resolve => setTimeout(resolve, line % 4));
      else if (line % 50 === 25) await until(() => seen.length > line - 60);
    }
    await reading;
    log.close();
    assert.deepEqual(
      seen.map(text => Number(text.split(' ')[1])),
      Array.from({ length: 300 }, (_, index) => index),
    );
  });

  it('goes on serving on a disk that refuses', () => {
    const logs = folder();
    const log = new LogFile(logs, 'rest');
    rmSync(logs, { recursive: true });
    log.write('lost');
    log.flush();
    assert.equal(log.dropped, 1);
    log.close();
  });
});

describe('the control channel', () => {
  it('is a socket for this user alone, and answers with events, then a result', async () => {
    const path = join(folder(), 'control.sock');
    const control = await listenControl(path, async (request, onEvent) => {
      assert.deepEqual(request, { command: 'restart', service: 'rest' });
      onEvent({ kind: 'stopping', service: 'rest' });
      return null;
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const events: string[] = [];
    await askControl(path, { command: 'restart', service: 'rest' }, event => events.push(event.kind));
    assert.deepEqual(events, ['stopping']);
    control.stopListening();
    await assert.rejects(
      askControl(path, { command: 'status' }),
      (error: StackError) => error.code === 'unanswered',
    );
  });

  it('answers whoever asked for a stop, however long that takes, and lets go of who asked nothing', async () => {
    const path = join(folder(), 'control.sock');
    const left = Promise.withResolvers<void>();
    const control = await listenControl(path, async () => {
      control.stopListening();
      // The silent one goes a second later: this stop takes longer than that.
      await left.promise;
      return null;
    });
    const silent = connect(path);
    await once(silent, 'connect');
    silent.on('close', () => left.resolve());
    assert.equal(await askControl(path, { command: 'stop' }), null);
  });

  it('hands a refusal on with its hint', async () => {
    const path = join(folder(), 'control.sock');
    const control = await listenControl(path, async () => {
      throw new StackError('unknownService', 'no', { hint: 'try rest' });
    });
    await assert.rejects(
      askControl(path, { command: 'status' }),
      (error: StackError) => error.code === 'unknownService' && error.hint === 'try rest',
    );
    control.stopListening();
  });

  it('refuses what is no request, however long, and serves on', async () => {
    const path = join(folder(), 'control.sock');
    const control = await listenControl(path, async () => null);
    for (const bad of ['{}\n', 'not json\n', '{"command":"restart","service":1}\n', 'x'.repeat(10_000)]) {
      const socket = connect(path);
      socket.setEncoding('utf8');
      socket.write(bad);
      const [answer] = await once(socket, 'data');
      assert.match(String(answer), /"kind":"error"/);
      socket.destroy();
    }
    assert.equal(await askControl(path, { command: 'status' }), null);
    control.stopListening();
  });

  it('replaces the socket of a killed stack', async () => {
    const path = join(folder(), 'control.sock');
    writeFileSync(path, '');
    const control = await listenControl(path, async () => null);
    assert.equal(await askControl(path, { command: 'status' }), null);
    control.stopListening();
  });

  it('finds a short place when the folder’s path is too long for a socket', () => {
    const paths = stackPaths(join(root, 'x'.repeat(120)));
    assert.ok(Buffer.byteLength(paths.control) <= 103);
    assert.notEqual(paths.control, stackPaths(join(root, 'y'.repeat(120))).control);
  });
});
