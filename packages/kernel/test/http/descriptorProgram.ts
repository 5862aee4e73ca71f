/** A server, a proxy and tunnels in a process of their own, which tells over IPC how many descriptors it has open. */
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveHttp, textResponse } from '../../src/http/index.ts';
import { proxyTo, tunnelTo } from '../../src/http/proxy/index.ts';

/** Short, so that what only time ends has an end within a test. */
const limits = { headersTimeoutMs: 500, requestTimeoutMs: 1000, idleTimeoutMs: 500 };

const upstream = await serveHttp(
  async request => {
    if (request.path.endsWith('/silent')) await sleep(60_000);
    return textResponse(200, `${(await request.body()).length}`);
  },
  {
    onUpgrade(request, socket) {
      socket.on('error', () => socket.destroy());
      socket.on('end', () => socket.end());
      if (request.path.endsWith('/refused'))
        socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      else
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
        );
      socket.resume();
    },
  },
);
const proxy = proxyTo(upstream.url, { responseTimeoutMs: 500, idleTimeoutMs: 500 });
const front = await serveHttp(
  async request => {
    if (request.path.startsWith('/proxy')) return proxy.handler(request);
    if (request.path === '/large') return { status: 200, headers: [], body: Buffer.alloc(8 * 1024 * 1024) };
    return textResponse(200, `${(await request.body()).length}`);
  },
  { ...limits, onUpgrade: (request, socket, head) => tunnelTo(upstream.url, request, socket, head) },
);

process.on('message', () => {
  // Connections that are kept for the next request aren't leaked: they are let go of before counting.
  proxy.close();
  process.send!({ port: front.port, open: readdirSync('/proc/self/fd').length });
});
process.on('disconnect', () => process.exit());
