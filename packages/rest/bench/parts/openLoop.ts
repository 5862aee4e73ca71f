import { connect, type Socket } from 'node:net';

export interface OpenLoopResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/**
 * Sends requests at a fixed rate, whether answers come or not, over `connections` connections.
 * A latency counts from the moment its request was due, so that a stall shows in all the requests it delayed.
 */
export async function runOpenLoop(
  origin: string,
  render: () => string,
  { rate, seconds, connections }: { rate: number; seconds: number; connections: number },
): Promise<OpenLoopResult> {
  const port = Number(new URL(origin).port);
  const latencies: number[] = [];
  let failed = 0;
  const lanes = await Promise.all(Array.from({ length: connections }, () => openLane(port)));
  const idle = [...lanes];
  const due: number[] = [];
  const send = () => {
    while (due.length > 0 && idle.length > 0) {
      const lane = idle.pop()!;
      const since = due.shift()!;
      lane.ask(render(), ok => {
        latencies.push(performance.now() - since);
        if (!ok) failed++;
        idle.push(lane);
        send();
      });
    }
  };
  const startedAt = performance.now();
  let planned = 0;
  await new Promise<void>(resolve => {
    const tick = setInterval(() => {
      const elapsed = performance.now() - startedAt;
      if (elapsed >= seconds * 1000) {
        clearInterval(tick);
        setTimeout(resolve, 500);
        return;
      }
      for (const wanted = Math.floor((elapsed / 1000) * rate); planned < wanted; planned++) {
        due.push(startedAt + (planned / rate) * 1000);
      }
      send();
    }, 1);
  });
  for (const lane of lanes) lane.socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { requestsPerSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

interface Lane {
  readonly socket: Socket;
  ask(request: string, answered: (ok: boolean) => void): void;
}

function openLane(port: number): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received = '';
    let answered: ((ok: boolean) => void) | null = null;
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? 0);
      if (received.length < headEnd + 4 + length) return;
      const ok = received.startsWith('HTTP/1.1 2');
      received = '';
      const done = answered;
      answered = null;
      done?.(ok);
    });
    socket.on('connect', () =>
      resolve({
        socket,
        ask(request, then) {
          answered = then;
          socket.write(request);
        },
      }),
    );
  });
}
