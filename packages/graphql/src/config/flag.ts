import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';

/** The reference takes more spellings of yes and no than other servers. @throws {ConfigError} */
export function readFlag(env: Env, name: string, fallback: boolean): boolean {
  const text = env[name]?.trim().toLowerCase();
  if (text === undefined || text === '') return fallback;
  if (['true', 't', 'yes', 'y', '1'].includes(text)) return true;
  if (['false', 'f', 'no', 'n', '0'].includes(text)) return false;
  throw new ConfigError(name, 'true or false', { got: env[name] ?? '' });
}
