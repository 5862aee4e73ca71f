import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One request shape for the load generator. `path` may hold `{id}`, replaced by a random number from 1 to `ids`. */
export interface Shape {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ids: number;
}

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers outside 2xx; must be 0 for a figure to count. */
  readonly failed: number;
}

/** Runs wrk (2 threads) for `seconds`. @throws when wrk is not installed. */
export async function runWrk(
  origin: string,
  shape: Shape,
  clients: number,
  seconds: number,
  folder: string,
): Promise<Load> {
  const lua = join(folder, `wrk-${process.pid}-${Math.random().toString(36).slice(2)}.lua`);
  const [before, after] = shape.path.split('{id}');
  const quoted = (text: string) => `[==[${text}]==]`;
  await writeFile(
    lua,
    `wrk.method = ${quoted(shape.method)}
wrk.path = ${quoted(shape.path)}
${Object.entries(shape.headers)
  .map(([name, value]) => `wrk.headers[ ${quoted(name)} ] = ${quoted(value)}`)
  .join('\n')}
${shape.body === undefined ? '' : `wrk.body = ${quoted(shape.body)}`}
${
  after === undefined
    ? ''
    : `local ready = {}
init = function(args)
  math.randomseed(tonumber(tostring(ready):match('0x(%x+)') or '1', 16) % 2147483647)
  for i = 1, 1000 do ready[i] = wrk.format(nil, ${quoted(before!)} .. math.random(${shape.ids}) .. ${quoted(after)}) end
end
request = function() return ready[math.random(1000)] end`
}
done = function(summary, latency, requests)
  io.write(string.format('{"requestsPerSecond":%f,"p50Ms":%f,"p99Ms":%f,"failed":%d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
`,
  );
  const out = await run('wrk', ['-t', '2', '-c', String(clients), '-d', `${seconds}s`, '-s', lua, origin]);
  const line = out.split('\n').find(text => text.startsWith('{'));
  if (!line) throw new Error(`wrk printed no figures:\n${out}`);
  return JSON.parse(line) as Load;
}

/** Runs a program to its end and resolves to what it printed. @throws with stderr when it fails. */
export function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    child.stderr.on('data', chunk => {
      err += chunk;
    });
    child.on('error', reject);
    child.on('close', code =>
      code === 0 ? resolve(out) : reject(new Error(`${command} ended with ${code}: ${err.slice(-2000)}`)),
    );
  });
}
