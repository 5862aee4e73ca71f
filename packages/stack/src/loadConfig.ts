/** A project's `peakstone.config.ts`: found, run and checked. */
import { existsSync, readFileSync } from 'node:fs';
import { type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { assertOwnFile, UnsafePlaceError } from '@peakstone/kernel/private';
import { type StackConfig, StackConfigError } from './definition.ts';
import { configNames } from './project/configNames.ts';
import { resolveStack } from './resolve.ts';

/**
 * The configuration that the folder's file exports, or none; in a Supabase project, its compatibility.
 * @throws {StackConfigError} the file cannot be run, or exports something else.
 */
export async function loadStackConfig(folder: string): Promise<StackConfig> {
  const own = await readStackConfig(folder);
  const supabase = join(folder, 'supabase');
  if (!existsSync(supabase)) return own;
  assertOwnPlace(supabase);
  return { supabase: 'full', ...own };
}

async function readStackConfig(folder: string): Promise<StackConfig> {
  const name = configNames.find(candidate => existsSync(join(folder, candidate)));
  if (name === undefined) return {};
  assertOwnPlace(join(folder, name));
  let module: { default?: unknown };
  const hooks = registerHooks({ resolve: resolveForConfig });
  try {
    module = (await import(pathToFileURL(join(folder, name)).href)) as { default?: unknown };
  } catch (error) {
    // Where it went wrong, as far as Node says: of JavaScript that cannot be parsed it does not.
    const { message, stack = '' } = error as Error;
    const line = stack.split(`${name}:`)[1]?.match(/^\d+/)?.[0];
    throw new StackConfigError(`${line === undefined ? name : `${name}:${line}`}: ${message}`, {
      cause: error,
    });
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

/** A file's code would run as this user, and a folder opens the database: where all may write, another could have left either. */
function assertOwnPlace(file: string): void {
  try {
    assertOwnFile(file);
  } catch (error) {
    if (error instanceof UnsafePlaceError)
      throw new StackConfigError(`${error.message} ${error.hint}`, { cause: error });
    throw error;
  }
}

/**
 * The file's import of this package means the one that reads it, so that a folder without node_modules can have one. A
 * module in a folder whose package.json names no type is one without Node's warning, which nobody here asked for.
 */
function resolveForConfig(
  specifier: string,
  context: ResolveHookContext,
  nextResolve: (specifier: string, context: ResolveHookContext) => ResolveFnOutput,
): ResolveFnOutput {
  if (specifier !== '@peakstone/stack') {
    const found = nextResolve(specifier, context);
    return found.format == null && isModule(found.url)
      ? { ...found, format: found.url.endsWith('.ts') ? 'module-typescript' : 'module' }
      : found;
  }
  return { url: new URL('./index.ts', import.meta.url).href, shortCircuit: true };
}

/** By what Node would go by itself, had it not to look twice: the syntax of modules. */
function isModule(url: string): boolean {
  if (!/^file:.*\.[jt]s$/.test(url)) return false;
  const file = fileURLToPath(url);
  return existsSync(file) && /^\s*(?:export|import)\b/m.test(readFileSync(file, 'utf8'));
}
