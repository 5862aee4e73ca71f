/**
 * Memory of idle connections, and whether the server still answers among them.
 * `npm run bench -- kernel/idle [connections]` (each side needs as many file descriptors)
 */
import { spawn } from 'node:child_process';
import { serveHttp, textResponse } from '../src/http/index.ts';

const COUNT = Number(process.argv[2] ?? 10_000);
const client = `
  const { connect } = require('node:net');
  let open = 0;
  for (let i = 0; i < ${COUNT}; i++) {
    const socket = connect(Number(process.argv[1]), '127.0.0.1', () => {
      if (process.argv[2] === 'used') socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
      if (++open === ${COUNT}) console.log('open');
    });
    socket.on('error', error => { console.error(error.message); process.exit(1); });
    socket.resume();
  }
`;

for (const state of ['fresh', 'used']) {
  const server = await serveHttp(() => textResponse(200, 'ok'), { headersTimeoutMs: 120_000 });
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const child = spawn(process.execPath, ['-e', client, String(server.port), state], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise(resolve => child.stdout.once('data', resolve));
  while (server.connections < COUNT) await new Promise(resolve => setTimeout(resolve, 50));
  await new Promise(resolve => setTimeout(resolve, 1500));
  globalThis.gc?.();
  const grown = process.memoryUsage.rss() - before;
  const started = performance.now();
  const text = await (await fetch(server.url)).text();
  const ms = performance.now() - started;
  console.log(
    `${server.connections} ${state} idle connections: ${(grown / 1024 ** 2).toFixed(0)} MB, ${(grown / COUNT / 1024).toFixed(1)} kB each; a request among them: '${text}' in ${ms.toFixed(1)} ms`,
  );
  child.kill();
  await server.close(0);
}
