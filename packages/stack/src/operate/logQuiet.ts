/** Which logs there are, and why one has nothing to show. */
import { ConfigError } from '@peakstone/kernel/config';
import { StackConfigError } from '../definition.ts';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { chooseEngines, servicesOff } from '../run/plan.ts';
import { stackValues } from '../run/stackValues.ts';
import { services } from '../services/index.ts';
import { readLogs } from './logRead.ts';

/** Of the services that can run here, whether they have written anything or not, and of the stack itself. */
export const logNames: readonly string[] = [
  ...services.filter(({ local }) => local).map(({ name }) => name),
  'stack',
];

/** Goes on after the service's name; null where it has lines, and others were shown in their place. */
export async function whyQuiet(
  paths: StackPaths,
  env: EnvValues,
  name: string,
  { since }: { readonly since: Date | undefined },
): Promise<string | null> {
  const isKept = (await readLogs(paths.logs, { services: [name], tail: 1 })).length > 0;
  if (isKept) return since ? `has written nothing since ${since.toISOString()}.` : null;
  return (await servedElsewhere(paths, env, name)) ?? 'has written nothing yet.';
}

async function servedElsewhere(paths: StackPaths, env: EnvValues, name: string): Promise<string | null> {
  try {
    const values = await stackValues(paths, env);
    if (servicesOff(values).some(service => service.name === name)) return 'is off by configuration.';
    const service = services.find(each => each.name === name);
    const engine = chooseEngines(values).get(name);
    if (engine?.kind === 'external' && !service?.local?.essential)
      return `is served at ${new URL(engine.url).origin}, which keeps its own log.`;
    return engine || name === 'stack' ? null : 'takes no part in this stack.';
  } catch (error) {
    // Settings that cannot be read end a start, not the reading of what was written before.
    if (error instanceof ConfigError || error instanceof StackConfigError) return null;
    throw error;
  }
}
