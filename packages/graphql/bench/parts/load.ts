import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Runs wrk (2 threads) with bodies in which `"{id}"` is a number from 1 to `ids`. @throws when wrk is not installed, or an answer was no answer */
export async function runWrk(
  origin: string,
  body: string,
  ids: number,
  clients: number,
  seconds: number,
  folder: string,
): Promise<Load> {
  const lua = join(folder, `wrk-${Math.random().toString(36).slice(2)}.lua`);
  const [before = '', after = ''] = body.split('"{id}"');
  await writeFile(
    lua,
    `local ready = {}
local headers = { ["Content-Type"] = "application/json" }
init = function()
  math.randomseed(tonumber(tostring(ready):match('0x(%x+)') or '1', 16) % 2147483647)
  for i = 1, 1000 do ready[i] = wrk.format('POST', '/v1/graphql', headers, [==[${before}]==] .. math.random(${ids}) .. [==[${after}]==]) end
end
request = function() return ready[math.random(1000)] end
local wrong = 0
response = function(status, _, text) if status ~= 200 or text:sub(1, 8) ~= '{"data":' then wrong = wrong + 1 end end
done = function(summary, latency)
  io.write(string.format('{"requestsPerSecond":%f,"p50Ms":%f,"p99Ms":%f}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`,
  );
  const out = await run('wrk', ['-t', '2', '-c', String(clients), '-d', `${seconds}s`, '-s', lua, origin]);
  const line = out.split('\n').find(text => text.startsWith('{'));
  if (!line) throw new Error(`wrk printed no figures:\n${out}`);
  return JSON.parse(line) as Load;
}

/** Transactions per second of a pgbench script. */
export async function runPgbench(
  url: string,
  script: string,
  clients: number,
  seconds: number,
): Promise<number> {
  const out = await run('pgbench', [
    '-n',
    '-M',
    'prepared',
    '-c',
    String(clients),
    '-j',
    '2',
    '-T',
    String(seconds),
    '-f',
    script,
    url,
  ]);
  const found = /tps = ([\d.]+) \(without/.exec(out) ?? /tps = ([\d.]+)/.exec(out);
  if (!found) throw new Error(`pgbench printed no figures:\n${out}`);
  return Number(found[1]);
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
