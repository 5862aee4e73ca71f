/**
 * What a read of one row through the gateway takes while another service of the stack has all it can do: its p99 beside what
 * it is when the machine is at rest, and while a plain program takes both cores. Who asks and who loads are processes of
 * their own.
 *
 *   node packages/stack/bench/neighbours.ts [--rounds 3] [--seconds 6] [--rate 100] [--beside objects,pictures]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gatewayOf, median, runCli, startCli, stopCli, temporaryFolder } from './parts/cli.ts';
import { type Latency, probe } from './parts/probe.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    rate: { type: 'string', default: '100' },
    beside: { type: 'string', default: 'cores,objects,pictures,queries' },
    port: { type: 'string', default: '22100' },
  },
});
const rounds = Number(values.rounds);
const asking = { rate: Number(values.rate), seconds: Number(values.seconds) };
const program = fileURLToPath(new URL('parts/neighbour.ts', import.meta.url));

const folder = temporaryFolder('peakstone-neighbours-');
const stack = await startCli(folder, Number(values.port));
try {
  const { ports, keys } = stack.summary;
  await runCli(
    folder,
    ['sql'],
    `create table item (id int primary key, name text not null);
insert into item select g, 'Item ' || g from generate_series(1, 10000) g;
alter table item enable row level security;
create policy all_read on item for select using (true);
grant select on item to anon;`,
  );
  const secrets = Object.fromEntries(
    await Promise.all(
      ['S3_APP_SECRET_KEY', 'IMGPROXY_KEY_HEX', 'IMGPROXY_SALT_HEX'].map(async name => {
        const shown = (await runCli(folder, ['secrets', '--show', name])).trim();
        return [name, shown.slice(shown.indexOf('=') + 1)] as const;
      }),
    ),
  );
  const env = {
    ...secrets,
    STORAGE: `http://127.0.0.1:${ports.storage}`,
    IMAGES: `${gatewayOf(stack.summary)}/img`,
    GRAPHQL: `${gatewayOf(stack.summary)}/v1/graphql`,
    KEY: keys.anon,
  };
  const read = (): Promise<Latency> =>
    probe(`${gatewayOf(stack.summary)}/rest/v1/item?id=eq.`, keys.anon, asking);

  await read();
  const kinds = ['nothing', ...values.beside.split(',')];
  const seen = Object.fromEntries(kinds.map(kind => [kind, [] as Latency[]]));
  const done = Object.fromEntries(kinds.map(kind => [kind, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const load = await startLoad(kind, env);
      seen[kind]!.push(await read());
      done[kind]!.push((await load.stop()) / asking.seconds);
    }
  }
  const own = median(seen.nothing!.map(({ p99Ms }) => p99Ms));
  const names: Readonly<Record<string, string>> = {
    nothing: 'nothing else',
    cores: 'both cores taken by a plain program',
    objects: '256 clients putting objects of 1 MiB',
    pictures: '8 clients having a 12 MP picture drawn',
    queries: '32 clients of GraphQL',
  };
  console.log(
    `One row through the gateway, ${asking.rate} times a second, medians of ${rounds} interleaved rounds of ${asking.seconds} s\n`,
  );
  console.log(
    '| beside | p50 ms | p99 ms | × its own p99 | failed | done a second |\n|---|--:|--:|--:|--:|--:|',
  );
  for (const kind of kinds) {
    const those = seen[kind]!;
    const p99 = median(those.map(({ p99Ms }) => p99Ms));
    const cells = [
      names[kind] ?? kind,
      median(those.map(({ p50Ms }) => p50Ms)).toFixed(1),
      p99.toFixed(1),
      (p99 / own).toFixed(1),
      those.reduce((sum, { failed }) => sum + failed, 0),
      kind === 'nothing' || kind === 'cores' ? '' : median(done[kind]!).toFixed(0),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  await stopCli(stack);
  rmSync(folder, { recursive: true, force: true });
}

interface RunningLoad {
  /** Ends it; gives how many of its requests were answered well. */
  stop(): Promise<number>;
}

/** Starts the load and waits until it is under way. */
async function startLoad(kind: string, env: Readonly<Record<string, string>>): Promise<RunningLoad> {
  if (kind === 'nothing') return { stop: async () => 0 };
  const child: ChildProcess = spawn(process.execPath, [program, kind], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const exited = once(child, 'close');
  await new Promise<void>((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('under way')) resolve();
    });
    child.once('exit', () => reject(new Error(`The load of ${kind} ended`)));
  });
  return {
    async stop() {
      child.kill('SIGTERM');
      await exited;
      return Number(output.trim().split('\n').at(-1));
    },
  };
}
