import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, describe, it } from 'node:test';
import { type HttpServer, serveHttp } from '../../src/http/index.ts';
import { proxyTo, type ReverseProxy, tunnelTo } from '../../src/http/proxy/index.ts';
import { collect, untilText } from './support.ts';

const closing: (() => unknown)[] = [];
after(() => Promise.all(closing.map(close => close())));

/** An upstream of a few lines of socket code: it is told of every chunk, with all that came on that connection so far. */
async function upstream(answer: (socket: Socket, text: string) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer(socket => {
    let text = '';
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      answer(socket, text);
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** A proxy with one connection to its upstream: whatever one request leaves on it meets the next. */
async function before(url: string): Promise<HttpServer> {
  const proxy: ReverseProxy = proxyTo(url, { maxConnections: 1 });
  const server = await serveHttp(proxy.handler, {
    onUpgrade: (request, socket, head) => tunnelTo(url, request, socket, head),
  });
  closing.push(() => server.close(0), proxy.close);
  return server;
}

function send(port: number, bytes: string): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  return socket;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

describe("a proxy's framing", () => {
  const bodies = {
    'in chunks': `Transfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    'with a Connection that names its length': `Connection: content-length\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    'with a Connection that names its coding': `Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
  };
  for (const [name, body] of Object.entries(bodies)) {
    for (const method of ['POST', 'DELETE', 'GET']) {
      it(`makes one request of a ${method} ${name}, with all of its body`, async () => {
        let seen = '';
        const url = await upstream((socket, text) => {
          seen = text;
          const whole = /chunked/i.test(text) ? text.endsWith('0\r\n\r\n') : text.endsWith(SMUGGLED);
          if (whole) socket.write(OK);
        });
        const { port } = await before(url);
        await untilText(send(port, `${method} /one HTTP/1.1\r\nHost: a\r\n${body}`), /ok$/);
        assert.ok(seen.includes(SMUGGLED));
        const head = seen.slice(0, seen.indexOf('\r\n\r\n')).toLowerCase();
        assert.equal(head.split(/\r\n(?:content-length|transfer-encoding): /).length, 2, head);
        assert.ok(!head.includes('connection: content') && !head.includes('connection: transfer'));
      });
    }
  }

  it("keeps host and what the proxy says itself, whatever the client's Connection names", async () => {
    let seen = '';
    const url = await upstream((socket, text) => {
      seen = text.toLowerCase();
      socket.write(OK);
    });
    const { port } = await before(url);
    const names = 'Host, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, Content-Length, X-Hop';
    await untilText(
      send(
        port,
        `POST / HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nProxy: evil\r\nConnection: ${names}\r\nContent-Length: 2\r\n\r\nab`,
      ),
      /ok$/,
    );
    for (const line of [
      `host: ${new URL(url).host}`,
      'x-forwarded-for: 127.0.0.1',
      'x-forwarded-host: a',
      'content-length: 2',
    ])
      assert.ok(seen.includes(`\r\n${line}\r\n`), line);
    assert.ok(!seen.includes('x-hop: 1') && !seen.includes('proxy: evil'));
  });

  it('never gives a connection another request while its upload was answered early and is not whole', async () => {
    const connections = new Set<Socket>();
    const url = await upstream((socket, text) => {
      const first = !connections.has(socket);
      connections.add(socket);
      if (first)
        socket.write(text.startsWith('POST') ? 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno' : OK);
      else if (!text.startsWith('POST')) socket.write(OK);
    });
    const { port } = await before(url);
    const upload = send(port, 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\nabc');
    await untilText(upload, /403[\s\S]*no$/);
    await untilText(send(port, 'GET /victim HTTP/1.1\r\nHost: a\r\n\r\n'), /200 OK[\s\S]*ok$/);
    assert.equal(connections.size, 2);
    upload.destroy();
  });

  it('closes a connection on which the upstream says more than it was asked', async () => {
    const unasked = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstale';
    for (const apart of [false, true]) {
      const closed: Promise<unknown>[] = [];
      const url = await upstream((socket, text) => {
        closed.push(new Promise(resolve => socket.once('close', resolve)));
        if (text.includes('/first')) {
          socket.write(apart ? OK : OK + unasked);
          if (apart) setTimeout(() => socket.write(unasked), 20);
        } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine');
      });
      const { port } = await before(url);
      await untilText(send(port, 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n'), /ok$/);
      await closed[0];
      await untilText(send(port, 'GET /second HTTP/1.1\r\nHost: a\r\n\r\n'), /mine$/);
    }
  });

  it('takes no body where there is none: HEAD, 204 and 304 leave nothing for the next request', async () => {
    for (const answer of [
      'HTTP/1.1 204 No Content\r\n\r\nstale',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nstale',
    ]) {
      const url = await upstream((socket, text) => {
        socket.write(text.includes('/first') ? answer : OK);
      });
      const { port } = await before(url);
      await untilText(
        send(port, 'GET /first HTTP/1.1\r\nHost: a\r\n\r\n'),
        /^HTTP\/1\.1 (?:204|304)[\s\S]*\r\n\r\n$/,
      );
      await untilText(send(port, 'GET /second HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 OK[\s\S]*ok$/);
    }
  });

  it('hands on an answer behind which the upstream says more in the same packet, and waits for nothing', async () => {
    for (const [more, status] of [
      ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more', 200],
      ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nand more', 200],
      ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 2\r\n\r\nok', 502],
    ] as const) {
      const url = await upstream(socket => socket.write(more));
      const { port } = await before(url);
      const text = await collect(send(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'));
      assert.match(
        text,
        status === 200 ? /^HTTP\/1\.1 200 OK[\s\S]*ok(?:\r\n0\r\n\r\n)?$/ : /^HTTP\/1\.1 502 /,
      );
    }
  });

  it('passes an interim answer over, and waits for the real one', async () => {
    const url = await upstream(socket => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${OK}`));
    const { port } = await before(url);
    await untilText(send(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 200 OK[\s\S]*ok$/);
  });
});

describe('a tunnel', () => {
  const HANDSHAKE = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

  it('is not opened by anything but 101: what follows the handshake never reaches the upstream', async () => {
    const refusals = ['403 Forbidden', '200 OK', '426 Upgrade Required', '301 Moved Permanently'];
    for (const status of refusals) {
      let seen = '';
      const url = await upstream((socket, text) => {
        seen = text;
        socket.write(
          `HTTP/1.1 ${status}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\nX-Kept: 1\r\n\r\nbody`,
        );
      });
      const { port } = await before(url);
      const socket = send(port, HANDSHAKE + SMUGGLED);
      const answer = collect(socket);
      await untilText(socket, /body$/);
      socket.write(SMUGGLED);
      const text = await answer;
      assert.match(
        text,
        new RegExp(`^HTTP/1.1 ${status}\r\n[\\s\\S]*X-Kept: 1\r\n[\\s\\S]*Connection: close\r\n\r\nbody$`),
      );
      assert.ok(!/upgrade: /i.test(text) && !seen.includes('/smuggled'), status);
    }
  });

  it('carries bytes both ways after a 101, those sent early included, until either side closes', async () => {
    for (const closer of ['client', 'upstream']) {
      const left = Promise.withResolvers<void>();
      const url = await upstream((socket, text) => {
        if (text.endsWith('\r\n\r\n')) {
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello',
          );
          socket.on('close', () => left.resolve());
        } else if (text.endsWith('early')) socket.write('[early]');
        else if (closer === 'upstream') socket.end('bye');
      });
      const { port } = await before(url);
      const socket = send(port, `${HANDSHAKE}early`);
      const answer = collect(socket);
      await untilText(socket, /hello\[early\]$/);
      if (closer === 'client') socket.destroy();
      else socket.write('now');
      await left.promise;
      if (closer === 'upstream') assert.match(await answer, /Sec-WebSocket-Accept: x\r\n[\s\S]*bye$/);
    }
  });

  it('is not what a handshake with a body, an h2c upgrade or CONNECT gets', async () => {
    let seen = '';
    const url = await upstream((socket, text) => {
      seen = text;
      if (!text.includes('content-length') || text.includes('/smuggled')) socket.write(OK);
    });
    const { port } = await before(url);
    const withBody = HANDSHAKE.replace(
      '\r\n\r\n',
      `\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    );
    await untilText(send(port, withBody), /^HTTP\/1\.1 200 OK[\s\S]*ok$/);
    assert.ok(!/\r\nupgrade:/i.test(seen));
    const h2c =
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n';
    await untilText(send(port, h2c), /^HTTP\/1\.1 200 OK[\s\S]*ok$/);
    assert.ok(!/\r\n(?:upgrade|http2-settings):/i.test(seen));
    assert.match(await collect(send(port, 'CONNECT b:443 HTTP/1.1\r\nHost: b\r\n\r\n')), /^HTTP\/1\.1 405 /);
  });

  it('that nobody answers, or answers with no HTTP, is 502', async () => {
    const gone = await upstream(socket => socket.end('SSH-2.0-nonsense\r\n\r\n'));
    assert.match(await collect(send((await before(gone)).port, HANDSHAKE)), /^HTTP\/1\.1 502 /);
    const silent = await upstream(socket => socket.destroy());
    assert.match(await collect(send((await before(silent)).port, HANDSHAKE)), /^HTTP\/1\.1 502 /);
  });
});
