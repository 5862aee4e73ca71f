/** Puts a configuration together from file, environment and database. Effect: reads files. */
import { readFile } from 'node:fs/promises';
import type { Env } from '@peakstone/kernel/service';
import type { DatabaseConfig } from './database.ts';
import { ConfigError } from './error.ts';
import { resolveSecrets } from './secrets.ts';
import { parseSettings } from './settings.ts';
import { type ConfigValue, parseConfigText } from './syntax.ts';
import type { RestConfig } from './types.ts';

export interface ReadConfigOptions {
  /** Absent: the environment alone. */
  readonly path?: string | undefined;
  readonly env: Env;
  /** What the database says, from the second reading on. */
  readonly database?: DatabaseConfig | undefined;
  /** The URI in use; it does not change by a reload. */
  readonly dbUri?: string;
}

/**
 * @throws {ConfigError} `Error in config …` for what a user can mend in a setting; file and secret errors as they are.
 */
export async function readConfig(options: ReadConfigOptions): Promise<RestConfig> {
  const { path, env, database } = options;
  const file = path === undefined ? new Map<string, ConfigValue>() : await readConfigFile(path, env);
  const unresolved = inContext(() =>
    parseSettings({ file, env, database: database?.settings ?? new Map() }, database?.roles),
  );
  return await resolveSecrets(unresolved, options.dbUri ?? null);
}

async function readConfigFile(path: string, env: Env): Promise<ReadonlyMap<string, ConfigValue>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`Error in config ${path}: ${(cause as Error).message}`, { cause });
  }
  return inContext(() => parseConfigText(text, env));
}

function inContext<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new ConfigError(`Error in config ${(cause as Error).message}`, { cause });
  }
}
