import assert from 'node:assert/strict';
import { connect, createServer, type Server } from 'node:net';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handler, type HttpServer, serveHttp, textResponse } from '../../src/http/index.ts';
import { type ProxyOptions, proxyTo, type ReverseProxy } from '../../src/http/proxy/index.ts';

const servers: HttpServer[] = [];
const raw: Server[] = [];
const proxies: ReverseProxy[] = [];
after(async () => {
  for (const proxy of proxies) proxy.close();
  for (const server of raw) server.close();
  await Promise.all(servers.map(server => server.close(0)));
});

async function serve(handler: Handler): Promise<HttpServer> {
  const server = await serveHttp(handler);
  servers.push(server);
  return server;
}

/** A proxy before an upstream that is a few lines of socket code. */
async function before(upstream: Server | string, options: ProxyOptions = {}): Promise<HttpServer> {
  let url = upstream;
  if (typeof url !== 'string') {
    raw.push(url);
    const listening = url;
    await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(listening.address() as { port: number }).port}`;
  }
  const proxy = proxyTo(url, options);
  proxies.push(proxy);
  return serve(proxy.handler);
}

describe('a reverse proxy', () => {
  it('answers 504 when the upstream stays silent, and lets go of it', async () => {
    const left = Promise.withResolvers<void>();
    const { url } = await before(
      createServer(socket => {
        socket.resume();
        socket.on('close', () => left.resolve());
        socket.on('error', () => {});
      }),
      { responseTimeoutMs: 100 },
    );
    const response = await fetch(url);
    assert.equal(response.status, 504);
    assert.match(((await response.json()) as { message: string }).message, /did not answer in time/);
    await left.promise;
  });

  it('answers 502 when nobody listens, and when the answer is no HTTP', async () => {
    const closed = await serve(() => textResponse(200, ''));
    await closed.close(0);
    assert.equal((await fetch((await before(closed.url)).url)).status, 502);
    const { url } = await before(
      createServer(socket => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end('SSH-2.0-nonsense\r\n\r\n'));
      }),
    );
    assert.equal((await fetch(url)).status, 502);
  });

  it("cuts the client's response short when the upstream breaks off in its middle", async () => {
    const begun = Promise.withResolvers<void>();
    const { url } = await before(
      createServer(socket => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc');
          begun.promise.then(() => socket.destroy());
        });
      }),
    );
    const response = await fetch(url);
    assert.equal(response.status, 200);
    begun.resolve();
    await assert.rejects(response.text());
  });

  it('answers 502 when a small body breaks off, or never comes', async () => {
    for (const hangs of [false, true]) {
      const { url } = await before(
        createServer(socket => {
          socket.on('error', () => {});
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
            if (!hangs) socket.end();
          });
        }),
        { idleTimeoutMs: 100 },
      );
      assert.equal((await fetch(url)).status, 502);
    }
  });

  it('gives up on an upstream that falls silent within a body', async () => {
    const { url } = await before(
      createServer(socket => {
        socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc'));
        socket.on('error', () => {});
      }),
      { idleTimeoutMs: 100 },
    );
    await assert.rejects(async () => (await fetch(url)).text());
  });

  it('leaves the upstream when the client leaves', async () => {
    const entered = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const server = await serve(
      request =>
        new Promise(() => {
          request.onAborted(() => left.resolve());
          entered.resolve();
        }),
    );
    const { port } = await before(server.url);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await entered.promise;
    socket.destroy();
    await left.promise;
  });

  it('asks no second time for a client that has left', async () => {
    let asked = 0;
    const arrived = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const { port } = await before(
      createServer(socket => {
        asked++;
        socket.once('data', () => arrived.resolve());
        socket.on('close', () => left.resolve());
        socket.on('error', () => {});
      }),
    );
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived.promise;
    client.destroy();
    await left.promise;
    // Another request finds how often it was asked: what a repeat would have done, it has done by then.
    await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', signal: AbortSignal.timeout(300) }).catch(
      () => {},
    );
    assert.equal(asked, 2);
  });

  it('hands on an early answer while the upload still runs', async () => {
    const { url } = await before(
      createServer(socket => {
        socket.on('error', () => {});
        socket.once('data', () => {
          socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
        });
        socket.resume();
      }),
    );
    const body = new ReadableStream({
      async pull(controller) {
        await sleep(5);
        controller.enqueue(Buffer.alloc(1000));
      },
    });
    const response = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    assert.equal(response.status, 403);
  });

  it('repeats a GET whose kept-alive connection was closed meanwhile, and never a POST', async () => {
    let connections = 0;
    const { url } = await before(
      createServer(socket => {
        connections++;
        let requests = 0;
        socket.on('error', () => {});
        socket.on('data', () => {
          requests++;
          // The second request on a connection finds it closing.
          if (requests === 2) socket.destroy();
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      }),
    );
    for (let i = 0; i < 5; i++) assert.equal(await (await fetch(url)).text(), 'ok');
    assert.equal(connections, 5);
    assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 502);
  });

  it('asks again when a replica on its way out breaks off unanswered, once, and never a POST', async () => {
    let connections = 0;
    let leaving = 1;
    const { url } = await before(
      createServer(socket => {
        connections++;
        socket.on('error', () => {});
        if (leaving-- > 0) socket.destroy();
        else socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      }),
    );
    assert.equal(await (await fetch(url)).text(), 'ok');
    assert.equal(connections, 2);
    leaving = 5;
    assert.equal((await fetch(url)).status, 502);
    assert.equal(connections, 4);
    leaving = 1;
    assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 502);
  });

  it('takes only http and https', () => {
    assert.throws(() => proxyTo('ftp://x'), RangeError);
  });

  it("does not believe the upstream's hop-by-hop headers, nor let its CRLF through", async () => {
    const { port } = await before(
      createServer(socket => {
        socket.once('data', () =>
          socket.write(
            'HTTP/1.1 200 OK\r\nConnection: x-internal\r\nX-Internal: secret\r\nKeep-Alive: timeout=1\r\nX-Kept: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
          ),
        );
      }),
    );
    const response = await fetch(`http://127.0.0.1:${port}`);
    assert.equal(response.headers.get('x-internal'), null);
    assert.equal(response.headers.get('keep-alive'), null);
    assert.equal(response.headers.get('x-kept'), '1');
    assert.equal(await response.text(), 'ok');
  });
});
