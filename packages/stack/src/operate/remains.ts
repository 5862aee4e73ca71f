/** What a stack that was killed has left running: nobody serves with it, and its ports and memory are taken. */
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { livingOrphans } from '../run/orphans.ts';
import { placeValues } from '../run/stackValues.ts';
import { type Presence, readPresence } from '../run/state.ts';
import { services } from '../services/index.ts';

/** What to do about them. */
export const remainsHint = `'peakstone up' takes their place, 'peakstone down' ends them; nothing committed is lost.`;

/**
 * Each in words; only what is provably this project's: of its data folder, or written down by the stack itself, and told from
 * a later process of the same number by when it began.
 * @throws {ConfigError} naming the line of `.env` that cannot be read
 */
export async function findRemains(
  paths: StackPaths,
  env: EnvValues,
  presence: Presence = readPresence(paths),
): Promise<readonly string[]> {
  if (presence.kind === 'running') return [];
  const values = placeValues(paths, env);
  const found: string[] = [];
  for (const { local } of services) {
    const remains = (await local?.plan?.())?.remains?.(paths, values);
    if (remains) found.push(remains);
  }
  const processes = presence.kind === 'stale' ? livingOrphans(presence.state.processes ?? []) : [];
  return [...found, ...processes.map(({ pid }) => `services (process ${pid})`)];
}
