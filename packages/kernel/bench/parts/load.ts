/**
 * Load generator for HTTP benches: run as a child process, so that its CPU isn't the server's.
 * One command a line of JSON on stdin; one result a line on stdout.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface LoadCommand {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The whole request, sent again and again on each connection. */
  readonly request: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly errors: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

async function run({ port, connections, seconds, request }: LoadCommand): Promise<LoadResult> {
  const bytes = Buffer.from(request, 'latin1');
  const latencies: number[] = [];
  let errors = 0;
  let stopping = false;
  const started = performance.now();
  const drive = () =>
    new Promise<void>(resolve => {
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
      let sentAt = 0;
      let missing = -1;
      const send = () => {
        sentAt = performance.now();
        missing = -1;
        socket.write(bytes);
      };
      socket.on('connect', send);
      socket.on('data', chunk => {
        if (missing < 0) {
          // Responses fit one read here; the length is all that is parsed, to cost the machine as little as can be.
          const head = chunk.toString('latin1', 0, 1024);
          const headEnd = head.indexOf('\r\n\r\n');
          if (headEnd < 0 || !head.startsWith('HTTP/1.1 2')) errors++;
          const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
          missing = headEnd + 4 + length - chunk.length;
        } else {
          missing -= chunk.length;
        }
        if (missing > 0) return;
        latencies.push(performance.now() - sentAt);
        if (stopping) socket.destroy();
        else send();
      });
      socket.on('error', () => errors++);
      socket.on('close', () => resolve());
    });
  const clients = Array.from({ length: connections }, drive);
  setTimeout(() => {
    stopping = true;
  }, seconds * 1000);
  await Promise.all(clients);
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
  return {
    requests: latencies.length,
    seconds: (performance.now() - started) / 1000,
    errors,
    p50: at(0.5),
    p99: at(0.99),
  };
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await run(JSON.parse(line) as LoadCommand))}\n`);
  }
}
