/** The servers behind the gateway that the fuzzer attacks: each tells what it took for a request. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serveHttp } from '@peakstone/kernel/http';
import { reservePorts, until } from '@peakstone/testing';

/** A request as an upstream understood it. */
export interface Seen {
  readonly id: string;
  readonly method: string;
  readonly target: string;
  /** Null where the server doesn't tell. */
  readonly bodyBytes: number | null;
}

export interface Upstream {
  readonly url: string;
  seen(): readonly Seen[];
  stop(): Promise<void>;
}

export type UpstreamName = 'node:http' | 'ours' | 'nginx';

/** Answers with the request's id, which is its client's canary. */
export function startUpstream(name: UpstreamName): Promise<Upstream> {
  switch (name) {
    case 'node:http':
      return startNode();
    case 'ours':
      return startOurs();
    case 'nginx':
      return startNginx();
  }
}

export const hasNginx = spawnSync('nginx', ['-v']).status === 0;

async function startNode(): Promise<Upstream> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let bodyBytes = 0;
    try {
      for await (const chunk of request) bodyBytes += (chunk as Buffer).length;
    } catch {
      // The proxy's client broke off, and so did the proxy: there is nobody to answer.
      return;
    }
    const id = String(request.headers['x-request-id'] ?? '');
    seen.push({ id, method: request.method ?? '', target: request.url ?? '', bodyBytes });
    response.end(id);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    seen: () => seen,
    stop: () => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

async function startOurs(): Promise<Upstream> {
  const seen: Seen[] = [];
  const server = await serveHttp(async request => {
    const { length } = await request.body();
    const id = request.headers['x-request-id'] ?? '';
    seen.push({ id, method: request.method, target: request.target, bodyBytes: length });
    return { status: 200, headers: [], body: id };
  });
  return { url: server.url, seen: () => seen, stop: () => server.close(0) };
}

async function startNginx(): Promise<Upstream> {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-nginx-'));
  const port = await reservePorts();
  const log = path.join(folder, 'seen.log');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    each => `${each}_temp_path ${folder}/${each};`,
  );
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 2000; }
    http {
      log_format seen escape=none '$http_x_request_id $request_method $request_uri';
      access_log ${log} seen; ${places.join(' ')} keepalive_requests 100000; default_type text/plain;
      server { listen 127.0.0.1:${port}; location / { return 200 $http_x_request_id; } }
    }`,
  );
  const child: ChildProcess = spawn(
    'nginx',
    ['-p', folder, '-c', 'nginx.conf', '-e', `${folder}/error.log`],
    {
      stdio: 'ignore',
    },
  );
  const left = new Promise<void>(resolve => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const read = () => {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    return lines.map(line => {
      const [id = '', method = '', ...target] = line.split(' ');
      return { id, method, target: target.join(' '), bodyBytes: null };
    });
  };
  await until(() =>
    fetch(url, { headers: { 'x-request-id': 'started' } }).then(
      () => true,
      () => false,
    ),
  );
  return {
    url,
    seen: () => read().filter(({ id }) => id !== 'started'),
    async stop() {
      child.kill();
      await left;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
