/** The settings of a stack, as every command reads them: this is the only reader. */
import { loadStackConfig } from '../loadConfig.ts';
import { type EnvValues, readEnvFile } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { findVariable } from '../variables.ts';
import { configuredSettings } from './configured.ts';
import { settleRotation } from './settleRotation.ts';

/**
 * The process environment, over `.env` as Compose does it, over what `peakstone.config.ts` (or a `supabase/` folder) says.
 * @throws {ConfigError} naming the line of `.env` that cannot be read; {StackConfigError} what the configuration has wrong;
 * {StackError} when a file cannot be read.
 */
export async function stackValues(paths: StackPaths, env: EnvValues): Promise<EnvValues> {
  await settleRotation(paths);
  return (await openStackValues(paths, env))();
}

/**
 * The same for those who read again: `.env`, or the file that is named in its place, as it is at each call, the configuration
 * as it was at the first.
 */
export async function openStackValues(
  paths: StackPaths,
  env: EnvValues,
): Promise<(file?: string) => EnvValues> {
  const config = await loadStackConfig(paths.project);
  return (file = paths.env) => {
    const values = placeValues({ ...paths, env: file }, env);
    return { ...configuredSettings(config, values), ...values };
  };
}

/**
 * Those that say where things lie, which a configuration does not: what is running can be stopped whatever it holds.
 * @throws {ConfigError} naming the line of `.env` that cannot be read
 */
export function placeValues(paths: StackPaths, env: EnvValues): EnvValues {
  return { ...withoutEmpty(readEnvFile(paths, env)), ...withoutEmpty(env) };
}

/** An empty variable is one that is not set; it must not hide what stands below it, unless that is what it says. */
function withoutEmpty(values: EnvValues): EnvValues {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => value !== '' || findVariable(name)?.emptyCounts),
  );
}
