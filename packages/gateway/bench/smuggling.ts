/**
 * The smuggling fuzzer for as long as it is wanted: raw bytes against the gateway before three upstream servers, with
 * victims that look for their canaries. `npm run bench -- gateway/smuggling [rounds] [seed]`; a round is 12 of each.
 */
import { fuzzSmuggling } from '../test/fuzz/run.ts';
import { hasNginx, type UpstreamName } from '../test/fuzz/upstreams.ts';

const rounds = Number(process.argv[2] ?? 1000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const upstreams: readonly UpstreamName[] = hasNginx ? ['node:http', 'ours', 'nginx'] : ['node:http', 'ours'];

for (const name of upstreams) {
  const { attacks, uploads, victims, wrong } = await fuzzSmuggling(name, rounds, seed);
  console.log(
    `${name.padEnd(10)} ${attacks} attacks, ${uploads} uploads, ${victims} victims, ${wrong.length} wrong (seed ${seed})`,
  );
  for (const each of wrong.slice(0, 20)) console.log(`  ${each}`);
  if (wrong.length > 0) process.exitCode = 1;
}
