/** A load of signed requests over raw connections, each with one request at a time: what is measured is the server. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { sign } from '@peakstone/kernel/sigv4';

const keys = { region: 'us-east-1', accessKey: 'minioadmin', secretKey: 'minioadmin' };

/** One request as bytes. */
export function requestBytes(origin: string, method: string, path: string, body = Buffer.alloc(0)): Buffer {
  const url = new URL(path, origin);
  const digest = createHash('sha256').update(body).digest('hex');
  const headers = sign(keys, method, url, { 'x-amz-content-sha256': digest }, digest, new Date());
  const lines = Object.entries({
    host: url.host,
    ...headers,
    ...(method === 'PUT' && { 'content-length': String(body.length) }),
  });
  const head = `${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** Sends `requests` over so many connections. @returns requests a second */
export async function measure(
  origin: string,
  connections: number,
  requests: readonly Buffer[],
): Promise<number> {
  let next = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, () => run(origin, () => requests[next++])));
  return (requests.length / (performance.now() - began)) * 1000;
}

function run(origin: string, take: () => Buffer | undefined): Promise<void> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    let received: Buffer[] = [];
    let bytes = 0;
    let wanted = 0;
    const send = (): void => {
      const request = take();
      if (request === undefined) {
        socket.end();
        resolve();
        return;
      }
      received = [];
      bytes = 0;
      wanted = 0;
      socket.write(request);
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', chunk => {
      bytes += chunk.length;
      if (wanted === 0) {
        received.push(chunk);
        const text = Buffer.concat(received).toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!text.startsWith('HTTP/1.1 2')) {
          reject(new Error(text.slice(0, 300)));
          socket.destroy();
          return;
        }
        wanted = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      }
      if (bytes >= wanted) send();
    });
  });
}
