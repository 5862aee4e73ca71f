import assert from 'node:assert/strict';
import { once } from 'node:events';
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

/**
 * Has four clients ask for more than may wait, and read nothing. At once, whoever comes has to come back; later the
 * first one pays for it.
 * @returns false when the machine was too slow to show what is answered at once.
 */
async function stall(fastLane: boolean): Promise<boolean> {
  let begun = 0;
  let begunAt = 0;
  const server = await serveHttp(
    ({ path }) => {
      if (path !== '/big') return { status: 200, headers: [], body: 'small' };
      if (begun++ === 0) begunAt = performance.now();
      // Large enough that the kernel's buffers do not hide it.
      return { status: 200, headers: [], body: Buffer.alloc(bigBytes) };
    },
    { fastLane, maxWaitingBytes: 60 * megabyte },
  );
  const clients: Client[] = [];
  const ask = async (): Promise<Response> => {
    const response = await fetch(`${server.url}/small`);
    await response.arrayBuffer();
    return response;
  };
  try {
    for (let index = 0; index < 4; index++) {
      const client: Client = { socket: connect(server.port, '127.0.0.1'), bytes: 0, closed: false };
      client.socket
        .on('error', () => {})
        .on('close', () => {
          client.closed = true;
        });
      await once(client.socket, 'connect');
      clients.push(client);
    }
    await ask();
    for (const { socket } of clients) socket.pause().write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => begun === 4);
    const refused = await ask();
    if (performance.now() - begunAt >= patienceMs) return false;
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.ok(server.connections >= 4);
    await until(async () => (await ask()).status === 200);
    for (const client of clients) {
      client.socket.on('data', (chunk: Buffer) => {
        client.bytes += chunk.length;
      });
      client.socket.resume();
    }
    await until(() => clients.every(({ bytes, closed }) => closed || bytes > bigBytes));
    // There is room for three, who get the whole of it.
    assert.equal(clients.filter(({ bytes }) => bytes <= bigBytes).length, 1);
    return true;
  } finally {
    for (const { socket } of clients) socket.destroy();
    await server.close(0);
  }
}

describe('clients that do not read', () => {
  for (const fastLane of [true, false]) {
    it(`take bounded memory together, the longest stalled cut first; ${fastLane ? 'fast lane' : 'node:http'}`, {
      timeout: 240_000,
    }, async () => {
      let tries = 0;
      while (!(await stall(fastLane))) assert.ok(++tries < 20, 'the machine is too slow to show it');
    });
  }

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
