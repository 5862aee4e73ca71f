import { Agent, request } from 'node:http';

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** Who asks never waits for answers: what a stall delays counts in full. */
const connections = 64;

/** Reads rows at a fixed rate; a latency counts from the moment at which its request was due. */
export async function probe(
  prefix: string,
  apikey: string,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Latency> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  let failed = 0;
  const began = performance.now();
  const under: Promise<void>[] = [];
  for (let n = 0; n < rate * seconds; n++) {
    const due = began + (n / rate) * 1000;
    const wait = due - performance.now();
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
    under.push(
      get(`${prefix}${1 + (n % 9999)}`, apikey, agent).then(isWell => {
        latencies.push(performance.now() - due);
        if (!isWell) failed++;
      }),
    );
  }
  await Promise.all(under);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)]!;
  return { p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

function get(url: string, apikey: string, agent: Agent): Promise<boolean> {
  return new Promise(resolve => {
    const asked = request(url, { agent, headers: { apikey } }, response => {
      response.resume().on('end', () => resolve(response.statusCode === 200));
    });
    asked.on('error', () => resolve(false)).end();
  });
}
