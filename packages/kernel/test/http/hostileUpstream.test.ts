import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { it } from 'node:test';
import { seededRandom } from '@peakstone/testing';
import { serveHttp } from '../../src/http/index.ts';
import { proxyTo } from '../../src/http/proxy/index.ts';

/** `FUZZ_RUNS=20000 FUZZ_SEED=3` for more, or others. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const SEED = Number(process.env.FUZZ_SEED ?? 42);
const WIDTH = 20;

type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

const NOISE = ['\r', '\n', '\r\n', ' ', ':', '\0', '0', ';', '\r\n\r\n', 'Content-Length: 1\r\n'];

/** An answer to request `id`, framed rightly or in one of the ways in which a proxy could take its end for another's beginning. */
function answer(random: Random, id: string): string {
  const body = `for:${id}`;
  const size = body.length;
  const whole = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${body}`;
  const chunks = `${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const text = pick(random, [
    whole,
    whole,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${whole}`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n${chunks}`,
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n${chunks}`,
    `HTTP/1.1 200 OK\r\nContent-Length: ${size - 2}\r\n\r\n${body}`,
    `HTTP/1.1 200 OK\r\nContent-Length: ${size + 9}\r\n\r\n${body}`,
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: ${size}\r\n\r\n${body}`,
    `HTTP/1.1 200 OK\r\n\r\n${body}`,
    `HTTP/1.1 100 Continue\r\n\r\n${whole}`,
    `HTTP/1.1 103 Early Hints\r\nContent-Length: ${size}\r\n\r\n${body}${whole}`,
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n${whole}`,
    `HTTP/1.1 204 No Content\r\nContent-Length: ${size}\r\n\r\n${body}`,
    `HTTP/1.1 304 Not Modified\r\nContent-Length: ${size}\r\n\r\n${whole}`,
    whole + whole,
    `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n${whole}`,
    `HTTP/1.1 200 OK\nContent-Length: ${size}\n\n${body}`,
    `HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: ${size}\r\n\r\n${body}`,
  ]);
  if (random() < 0.7) return text;
  const at = Math.floor(random() * text.length);
  return text.slice(0, at) + pick(random, NOISE) + text.slice(at);
}

it('whatever an upstream answers, no request gets what was said to another', async () => {
  const random = seededRandom(SEED);
  const sockets = new Set<Socket>();
  const upstream = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', chunk => {
      for (const [, id = ''] of chunk.toString('latin1').matchAll(/^GET \/(\w+) /gm)) {
        const text = answer(random, id);
        // Perhaps in two pieces, cut within its first line: what is said after an answer that looks whole, and after the
        // next request has been sent, is the next answer to everybody.
        const at = random() < 0.3 ? Math.floor(random() * 12) : text.length;
        socket.write(text.slice(0, at), 'latin1');
        if (at < text.length) setTimeout(() => socket.write(text.slice(at), 'latin1'), random() * 10);
      }
    });
  });
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as { port: number };
  const limits = { maxConnections: 4, responseTimeoutMs: 500, idleTimeoutMs: 500, connectTimeoutMs: 30_000 };
  const proxy = proxyTo(`http://127.0.0.1:${port}`, limits);
  const front = await serveHttp(proxy.handler);
  let own = 0;
  try {
    for (let i = 0; i < RUNS; i += WIDTH) {
      await Promise.all(
        Array.from({ length: WIDTH }, async (_, j) => {
          const id = `r${i + j}x`;
          // An answer that breaks off is the right end of a broken one.
          const text = await fetch(`${front.url}/${id}`)
            .then(response => response.text())
            .catch(() => '');
          const told = [...text.matchAll(/for:(r\d+x)/g)].map(match => match[1]);
          assert.deepEqual(
            told.filter(other => other !== id),
            [],
            `${id} got ${JSON.stringify(text)}`,
          );
          if (told.includes(id)) own++;
        }),
      );
    }
    assert.ok(own > 0, 'nobody got an answer at all');
  } finally {
    proxy.close();
    for (const socket of sockets) socket.destroy();
    upstream.close();
    await front.close(0);
  }
});
