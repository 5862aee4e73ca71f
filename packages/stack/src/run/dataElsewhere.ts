import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { services } from '../services/index.ts';

/** Folders outside of the stack's own that hold data, by service. */
export async function dataElsewhere(paths: StackPaths, env: EnvValues): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, local } of services) {
    const place = (await local?.plan?.())?.dataElsewhere?.(paths, env);
    if (place) found[name] = place;
  }
  return found;
}
