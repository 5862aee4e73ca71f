/** Presets as the settings have them: `name=option:argument/option:argument`. Pure. */
import type { Options } from '../options/types.ts';
import { cutOptions, type OptionsConfig, parseOptions, type UrlOption } from './options.ts';

/**
 * @param lines presets; empty ones and those that begin with `#` count for nothing
 * @throws {Error} saying what is wrong with one
 */
export function parsePresets(
  lines: readonly string[],
  separator: string,
): ReadonlyMap<string, readonly UrlOption[]> {
  const presets = new Map<string, readonly UrlOption[]>();
  for (const line of lines.map(each => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', value = '', ...more] = line.split('=').map(part => part.trim());
    if (name === '' || value === '' || more.length > 0) throw new Error(`invalid preset: ${line}`);
    const { options, rest } = cutOptions(value.split('/'), separator);
    if (rest.length > 0) throw new Error(`invalid preset: ${line}`);
    presets.set(name, options);
  }
  return presets;
}

/** Tries each preset alone, so that a wrong one stops the start. @throws {Error} naming it */
export function assertPresets(config: OptionsConfig): void {
  const start: Options = {};
  for (const name of config.presets.keys()) {
    try {
      const alone = { ...config, onlyPresets: true, allowSecurityOptions: true };
      parseOptions(`${name}/plain/x`, start, alone, () => 0);
    } catch (error) {
      throw new Error(`error in preset ${name}: ${(error as Error).message}`);
    }
  }
}
