/** What the HTTP server's tests share: every promise is tested on both lanes. */
import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, describe } from 'node:test';
import { type Handler, type HttpServer, type ServeOptions, serveHttp } from '../../src/http/index.ts';

/** A request after which the server closes, so that a test needn't guess when the answer is complete. */
export const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

export type Serve = (handler: Handler, options?: ServeOptions) => Promise<HttpServer>;

/** Declares the same tests for the fast lane and for node:http alone. Servers are closed at the end. */
export function onBothLanes(subject: string, tests: (serve: Serve, fastLane: boolean) => void): void {
  for (const fastLane of [true, false]) {
    describe(`${subject}, ${fastLane ? 'fast lane first' : 'node:http only'}`, { concurrency: 6 }, () => {
      const open: HttpServer[] = [];
      after(() => Promise.all(open.map(server => server.close(0))));
      tests(async (handler, options = {}) => {
        const server = await serveHttp(handler, { fastLane, ...options });
        open.push(server);
        return server;
      }, fastLane);
    });
  }
}

export function collect(socket: Socket): Promise<string> {
  return new Promise(resolve => {
    let text = '';
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
  });
}

/** Waits until what has come from now on fits. */
export function untilText(socket: Socket, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!pattern.test(text)) return;
      socket.off('data', look);
      resolve();
    };
    socket.on('data', look);
    socket.once('close', () => reject(new Error(`Closed before ${pattern} came: ${text}`)));
  });
}

export async function openMany(port: number, count: number): Promise<Socket[]> {
  return Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => resolve(socket));
          socket.on('error', reject);
        }),
    ),
  );
}

export function getOverUnixSocket(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, path: '/', agent: false }, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end();
  });
}

/** What a killed server leaves behind: a socket file that nobody listens on. */
export async function leaveStaleSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`,
  ]);
  await new Promise(resolve => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await new Promise(resolve => child.once('exit', resolve));
}
