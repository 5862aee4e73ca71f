import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveHttp } from '../../src/http/index.ts';

const megabyte = 1024 * 1024;

/** As the server sees it: who took nothing for so long may be cut. */
const patienceMs = 1000;
const bigBytes = 16 * megabyte;

interface Client {
  readonly socket: Socket;
  bytes: number;
  closed: boolean;
}

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await what())) {
    assert.ok(performance.now() < deadline, 'it did not happen within a minute');
    await sleep(20);
  }
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

/** Answers 16 MiB to who asks for much, which the kernel's buffers do not hide. */
async function startServer(maxWaitingBytes: number, fastLane = true) {
  let begun = 0;
  const server = await serveHttp(
    ({ path }) => {
      if (path !== '/big') return { status: 200, headers: [], body: 'small' };
      begun++;
      return { status: 200, headers: [], body: Buffer.alloc(bigBytes) };
    },
    { fastLane, maxWaitingBytes },
  );
  const clients: Client[] = [];
  return {
    server,
    begun: () => begun,
    async connect(): Promise<Client> {
      const client: Client = { socket: connect(server.port, '127.0.0.1'), bytes: 0, closed: false };
      clients.push(client);
      client.socket
        .on('error', () => {})
        .on('close', () => {
          client.closed = true;
        });
      await once(client.socket, 'connect');
      return client;
    },
    /** On a connection of its own, which is gone when this is. */
    async ask(): Promise<number | undefined> {
      const asked = get(`${server.url}/small`, { agent: false });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      await once(response.resume().socket, 'close');
      return response.statusCode;
    },
    async stop(): Promise<void> {
      for (const { socket } of clients) socket.destroy();
      await server.close(0);
    },
  };
}

describe('clients that do not read', () => {
  for (const fastLane of [true, false]) {
    it(`take bounded memory together, the longest stalled cut first; ${fastLane ? 'fast lane' : 'node:http'}`, {
      timeout: 240_000,
    }, async () => {
      const { server, begun, connect: come, ask, stop } = await startServer(60 * megabyte, fastLane);
      try {
        const clients = [await come(), await come(), await come(), await come()];
        for (const { socket } of clients) socket.pause().write(request('/big'));
        await until(() => begun() === 4);
        // Whoever comes meanwhile is served.
        await until(async () => {
          const isOneCut = server.connections < clients.length;
          assert.equal(await ask(), 200);
          return isOneCut;
        });
        for (const client of clients) {
          client.socket.on('data', (chunk: Buffer) => {
            client.bytes += chunk.length;
          });
          client.socket.resume();
        }
        await until(() => clients.every(({ bytes, closed }) => closed || bytes > bigBytes));
        // There is room for three, who get the whole of it.
        assert.equal(clients.filter(({ bytes }) => bytes <= bigBytes).length, 1);
      } finally {
        await stop();
      }
    });
  }

  it('keep nobody from being served by reading slowly, and give up what they hold', {
    timeout: 240_000,
  }, async () => {
    const { begun, connect: come, ask, stop } = await startServer(8 * megabyte);
    try {
      const slow = [await come(), await come(), await come(), await come()];
      for (const client of slow) {
        client.socket.on('data', chunk => {
          client.bytes += chunk.length;
          client.socket.pause();
          setTimeout(() => client.socket.resume(), 50);
        });
        client.socket.write(request('/big'));
      }
      await until(() => begun() === 4);
      // One alone may take its time.
      await until(async () => {
        assert.equal(await ask(), 200);
        return slow.filter(({ closed }) => closed).length === 3;
      });
    } finally {
      await stop();
    }
  });

  it('are left alone as long as they read, however slowly', { timeout: 240_000 }, async () => {
    const server = await serveHttp(() => ({ status: 200, headers: [], body: Buffer.alloc(16 * megabyte) }), {
      maxWaitingBytes: 8 * megabyte,
    });
    try {
      for (let tries = 0; ; tries++) {
        const { bytes, longestMs } = await readSlowly(server.port);
        if (bytes > 16 * megabyte) return;
        // The system opens its window again only after some ten pieces: where the machine holds it up at each of them, it has
        // not read for as long as the server can see.
        assert.ok(
          longestMs > patienceMs / 10 && tries < 20,
          `${bytes} bytes came, ${longestMs} ms apart at most`,
        );
      }
    } finally {
      await server.close(0);
    }
  });
});

/** All that comes, in small pieces, and the longest time between two of them. */
async function readSlowly(port: number): Promise<{ bytes: number; longestMs: number }> {
  const socket = connect(port, '127.0.0.1');
  let bytes = 0;
  let longestMs = 0;
  let last = performance.now();
  socket.on('error', () => {});
  socket.on('data', chunk => {
    bytes += chunk.length;
    longestMs = Math.max(longestMs, performance.now() - last);
    last = performance.now();
    socket.pause();
    setTimeout(() => socket.resume(), bytes < 4 * megabyte ? 10 : 0);
  });
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  return { bytes, longestMs: Math.max(longestMs, performance.now() - last) };
}
