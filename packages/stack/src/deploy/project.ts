/** A user's project folder, as deployment sees it: the configuration, and `.env`. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureSecrets } from '@peakstone/database';
import { parseEnvFile } from '@peakstone/kernel/config';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { type Stack, type StackConfig, StackConfigError } from '../definition.ts';
import { resolveStack } from '../resolve.ts';
import { localVariables, variables } from '../variables.ts';

/** Names looked for, in order. */
const configNames = [
  'peakstone.config.ts',
  'peakstone.config.mts',
  'peakstone.config.js',
  'peakstone.config.mjs',
];

/**
 * The configuration that the folder's file exports, or none; in a Supabase project, its compatibility.
 * @throws {StackConfigError} the file cannot be run, or exports something else.
 */
export async function loadStackConfig(folder: string): Promise<StackConfig> {
  const own = await readStackConfig(folder);
  return existsSync(join(folder, 'supabase')) ? { supabase: 'full', ...own } : own;
}

async function readStackConfig(folder: string): Promise<StackConfig> {
  const name = configNames.find(candidate => existsSync(join(folder, candidate)));
  if (name === undefined) return {};
  assertOwnConfig(join(folder, name));
  let module: { default?: unknown };
  const hooks = registerHooks({ resolve: resolveOwnPackage });
  try {
    module = (await import(pathToFileURL(join(folder, name)).href)) as { default?: unknown };
  } catch (error) {
    throw new StackConfigError(`${name}: ${(error as Error).message}`);
  } finally {
    hooks.deregister();
  }
  const config = module.default;
  // A file that exports nothing at all is read as CommonJS, whose exports are an object with nothing in it.
  const nothing = 'module.exports' in module && Object.keys(config ?? {}).length === 0;
  if (typeof config !== 'object' || config === null || nothing) {
    throw new StackConfigError(`${name} must export its configuration: export default defineConfig({ … })`);
  }
  resolveStack(config as StackConfig);
  return config as StackConfig;
}

/** Its code would run as this user: in a folder where all may write, another could have left it. */
function assertOwnConfig(file: string): void {
  try {
    assertOwnFile(file);
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new StackConfigError(`${error.message} ${error.hint}`, { cause: error });
    throw error;
  }
}

/** The file's import of this package means the one that reads it, so that a folder without node_modules can have one. */
function resolveOwnPackage(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: (specifier: string, context: ResolveHookContext) => ResolveFnOutput,
): ResolveFnOutput {
  if (specifier !== '@peakstone/stack') return nextResolve(specifier, context);
  return { url: new URL('../index.ts', import.meta.url).href, shortCircuit: true };
}

/** The folder's stack, resolved. `overrides` win over its file. @throws {StackConfigError} */
export async function loadStack(folder: string, overrides: StackConfig = {}): Promise<Stack> {
  return resolveStack({ ...(await loadStackConfig(folder)), ...overrides });
}

/**
 * Makes the folder's `.env` with every secret, readable by its owner only, or adds what it lacks; keeps what is there.
 * @returns the names that were added; all of them for a new file
 * @throws {DatabaseError} PERMISSION_DENIED, DISK_FULL; {ConfigError} naming the line that cannot be read
 */
export function completeEnvironment(folder: string): readonly string[] {
  const { created, added, values } = ensureSecrets(join(folder, '.env'), { variables: localVariables });
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

/** Effect: reads the folder. `overrides` win over the file. */
export async function loadProject(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
  overrides: StackConfig = {},
): Promise<Project> {
  const stack = await loadStack(folder, overrides);
  const path = join(folder, '.env');
  const envText = existsSync(path) ? await readFile(path, 'utf8') : '';
  const values: Record<string, string> = { ...parseEnvFile(envText, env) };
  for (const { name } of variables) {
    const value = env[name];
    if (value !== undefined) values[name] = value;
  }
  return { folder, stack, values, envText };
}
