/** A user's project folder, as deployment sees it: the configuration, and `.env`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureSecrets } from '@peakstone/database';
import { parseEnvFile } from '@peakstone/kernel/config';
import type { Stack, StackConfig } from '../definition.ts';
import { loadStackConfig } from '../loadConfig.ts';
import { assertOwnProject, readOwn } from '../project/ownership.ts';
import { stackPaths } from '../project/paths.ts';
import { rotationUnderWay } from '../project/rotationLock.ts';
import { resolveStack } from '../resolve.ts';
import { localVariables, variables } from '../variables.ts';

/** The folder's stack, resolved. `overrides` win over its file. @throws {StackConfigError} */
export async function loadStack(folder: string, overrides: StackConfig = {}): Promise<Stack> {
  return resolveStack({ ...(await loadStackConfig(folder)), ...overrides });
}

/**
 * Makes the folder's `.env` with every secret, readable by its owner only, or adds what it lacks; keeps what is there.
 * @returns the names that were added; all of them for a new file
 * @throws {DatabaseError} PERMISSION_DENIED, DISK_FULL; {StackError} `permission` in another user's project; {ConfigError} naming
 * the line that cannot be read
 */
export function completeEnvironment(folder: string): readonly string[] {
  assertOwnProject(folder);
  const { created, added, values } = ensureSecrets(join(folder, '.env'), {
    variables: localVariables,
    isRotating: () => rotationUnderWay(stackPaths(folder)) !== null,
  });
  return created ? Object.keys(values) : added;
}

export interface Project {
  readonly folder: string;
  readonly stack: Stack;
  /** `.env` under the process environment, which wins, as Compose has it. */
  readonly values: Readonly<Record<string, string>>;
  /** `.env`'s own text, empty when there is none. */
  readonly envText: string;
}

/** Effect: reads the folder. `overrides` win over the file. @throws {StackError} `permission` where another user left it */
export async function loadProject(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  overrides: StackConfig = {},
): Promise<Project> {
  const stack = await loadStack(folder, overrides);
  const path = join(folder, '.env');
  const envText = existsSync(path) ? readOwn(path) : '';
  const values: Record<string, string> = { ...parseEnvFile(envText, env) };
  for (const { name } of variables) {
    const value = env[name];
    if (value !== undefined) values[name] = value;
  }
  return { folder, stack, values, envText };
}
