import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveHttp } from '../../src/http/index.ts';

const megabyte = 1024 * 1024;

describe('clients that do not read', () => {
  for (const fastLane of [true, false]) {
    it(`take bounded memory together, the longest stalled cut first; ${fastLane ? 'fast lane' : 'node:http'}`, {
      timeout: 30_000,
    }, async () => {
      // Large enough that the kernel's buffers do not hide it.
      const server = await serveHttp(
        ({ path }) => ({
          status: 200,
          headers: [],
          body: Buffer.alloc(path === '/big' ? 16 * megabyte : 10),
        }),
        { fastLane, maxWaitingBytes: 64 * megabyte },
      );
      const clients: { socket: Socket; closed: boolean }[] = [];
      const ask = async (): Promise<void> => {
        const socket = connect(server.port, '127.0.0.1');
        const client = { socket, closed: false };
        socket
          .on('error', () => {})
          .on('close', () => {
            client.closed = true;
          });
        await once(socket, 'connect');
        socket.pause();
        socket.write('GET /big HTTP/1.1\r\nHost: a\r\n\r\n');
        clients.push(client);
      };
      try {
        for (let index = 0; index < 6; index++) await ask();
        await sleep(100);
        // They have not been stalled for long, so none is cut, and who comes now has to come back.
        const refused = await fetch(`${server.url}/small`);
        assert.equal(refused.status, 503);
        assert.equal(refused.headers.get('retry-after'), '1');
        await refused.arrayBuffer();
        assert.ok(server.connections >= 6);
        // A second later the first ones pay for it.
        await sleep(1200);
        const served = await fetch(`${server.url}/small`);
        assert.equal(served.status, 200);
        await served.arrayBuffer();
        await sleep(100);
        for (const { socket } of clients) socket.resume();
        await sleep(500);
        // Those left get the whole of it: 64 MB leave room for three of more than 16 MB less what the kernel holds.
        const cut = clients.filter(({ closed }) => closed).length;
        assert.ok(cut >= 1 && cut <= 3, `${cut} were cut`);
      } finally {
        for (const { socket } of clients) socket.destroy();
        await server.close(0);
      }
    });
  }

  it('are left alone as long as they read, however slowly', { timeout: 30_000 }, async () => {
    const server = await serveHttp(() => ({ status: 200, headers: [], body: Buffer.alloc(16 * megabyte) }), {
      maxWaitingBytes: 8 * megabyte,
    });
    const socket = connect(server.port, '127.0.0.1');
    try {
      let bytes = 0;
      socket.on('data', chunk => {
        bytes += chunk.length;
        socket.pause();
        setTimeout(() => socket.resume(), bytes < 4 * megabyte ? 10 : 0);
      });
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await once(socket, 'close');
      assert.ok(bytes > 16 * megabyte, `${bytes} bytes came`);
    } finally {
      socket.destroy();
      await server.close(0);
    }
  });
});
