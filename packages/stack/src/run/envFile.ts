import { existsSync, readFileSync } from 'node:fs';
import { parseEnvFile } from '@peakstone/kernel/config';
import type { StackPaths } from './paths.ts';

export type EnvValues = Readonly<Record<string, string | undefined>>;

/**
 * The settings of a stack: `.env`, overridden by the process environment, as Compose does it.
 * @throws {ConfigError} naming the line that cannot be read.
 */
export function stackEnv(paths: StackPaths, env: EnvValues): EnvValues {
  return { ...readEnvFile(paths, env), ...withoutEmpty(env) };
}

/** What `.env` says; nothing when there is none. */
export function readEnvFile(paths: StackPaths, outer: EnvValues = {}): EnvValues {
  return existsSync(paths.env) ? parseEnvFile(readFileSync(paths.env, 'utf8'), outer) : {};
}

/** An empty variable is one that is not set; it must not hide the file's. */
function withoutEmpty(env: EnvValues): EnvValues {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
