import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '@peakstone/testing';

/** `DESCRIPTOR_ROUNDS=5000` for a long run. */
const ROUNDS = Number(process.env.DESCRIPTOR_ROUNDS ?? 1500);
/** Connections at once. */
const WIDTH = 100;

const HOST = 'Host: a\r\n';
const UPGRADE = `${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n`;

const PATHS = ['/', '/large', '/proxy', '/proxy/silent', '/refused'];
const BYTES: readonly ((path: string) => string)[] = [
  () => '',
  () => 'G',
  path => `GET ${path} HTTP/1.1\r\n`,
  path => `GET ${path} HTTP/1.1\r\n${HOST}`,
  path => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`,
  path => `GET ${path} HTTP/1.1\r\n${HOST}\r\nGET ${path} HTTP/1.1\r\n${HOST}\r\nGET`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nabc`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: 90000\r\n\r\nabc`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nab`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nZZ\r\nab`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nab`,
  path => `POST ${path} HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n`,
  path => `POST ${path} HTTP/1.1\r\n${UPGRADE}Content-Length: 10\r\n\r\nabc`,
  path => `POST ${path} HTTP/1.1\r\n${UPGRADE}Transfer-Encoding: chunked\r\n\r\n5\r\nab`,
  path => `POST ${path} HTTP/1.1\r\n${UPGRADE}Transfer-Encoding: chunked\r\n\r\nZZ\r\nab`,
  path => `GET ${path} HTTP/1.1\r\n${UPGRADE}\r\n`,
  path => `GET ${path} HTTP/1.1\r\n${UPGRADE}\r\nearly`,
  path => `GET ${path} HTTP/1.1\r\n${UPGRADE}Content-Length: 5\r\n\r\nab`,
  path => `GET ${path} HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
  () => `CONNECT b:443 HTTP/1.1\r\n${HOST}\r\n`,
  () => '\x16\x03\x01\x02\x00\x01',
];

/** How a client may leave. All but the last close at least their own side; none is asked to close the other. */
const LEAVING: readonly ((socket: Socket) => void)[] = [
  socket => socket.destroy(),
  socket => socket.resetAndDestroy(),
  socket => socket.end(),
  socket => {
    socket.pause();
    socket.end();
  },
];

const skip = existsSync('/proc/self/fd') ? false : 'counts descriptors in /proc';

describe('connections of every odd kind', { skip }, () => {
  let child: ChildProcess;
  const held = new Set<Socket>();

  before(() => {
    child = fork(fileURLToPath(new URL('./descriptorProgram.ts', import.meta.url)));
  });
  after(() => {
    for (const socket of held) socket.destroy();
    child.disconnect();
  });

  async function ask(): Promise<{ port: number; open: number }> {
    child.send('count');
    const [answer] = await once(child, 'message');
    return answer;
  }

  /** One connection. Its socket stays open on our side after its client has ended its own, so that the server must see to it. */
  function odd(port: number, bytes: string, leave: (socket: Socket) => void): Promise<void> {
    return new Promise(resolve => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      held.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => held.delete(socket));
      socket.on('data', () => {});
      socket.once('connect', () => {
        socket.write(bytes, 'latin1', () => {
          leave(socket);
          resolve();
        });
        if (bytes === '') socket.emit('drain');
      });
      socket.once('close', () => resolve());
    });
  }

  it('leave no descriptor behind, whether their clients close, reset, half-close or stop reading', async () => {
    const { port, open: base } = await ask();
    for (let i = 0; i < ROUNDS; i += WIDTH) {
      await Promise.all(
        Array.from({ length: WIDTH }, (_, j) => {
          const n = i + j;
          const bytes = BYTES[n % BYTES.length]!(PATHS[Math.floor(n / BYTES.length) % PATHS.length]!);
          return odd(port, bytes, LEAVING[Math.floor(n / 7) % LEAVING.length]!);
        }),
      );
    }
    await until(async () => (await ask()).open <= base);
  });

  it('never take the descriptors that a request needs, however few there are', async () => {
    const program = fileURLToPath(new URL('./descriptorProgram.ts', import.meta.url));
    const limited = spawn('sh', ['-c', 'ulimit -n 200 && exec "$0" "$1"', process.execPath, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      limited.send('count');
      const [{ port }] = await once(limited, 'message');
      await Promise.all(
        Array.from({ length: 400 }, () => odd(port, 'GET / HTTP/1.1\r\nHost: a\r\n', () => {})),
      );
      limited.send('count');
      // Looking takes a descriptor as well.
      const [{ open }] = await once(limited, 'message');
      assert.ok(open < 200, `${open} are open`);
      // Both ends of the proxy need one more.
      await until(async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/proxy`).then(
          response => response.text(),
          () => '',
        );
        return answer === '0';
      });
    } finally {
      limited.disconnect();
    }
  });

  it('leave none behind in silence, when their clients neither send more nor close', async () => {
    const { port, open: base } = await ask();
    await Promise.all(
      BYTES.flatMap(bytes =>
        // A tunnel that has been opened may be silent for longer.
        PATHS.filter(
          path => path === '/refused' || !bytes(path).startsWith(`GET ${path} HTTP/1.1\r\n${UPGRADE}\r\n`),
        ).map(path => odd(port, bytes(path), socket => (path === '/large' ? socket.pause() : undefined))),
      ),
    );
    await until(async () => (await ask()).open <= base);
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), '0');
  });
});
