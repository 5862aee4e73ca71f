/**
 * How the stack of a folder was started last, in the words of the command line: whoever is told to start it anew is told so
 * that it comes back as it was, on its ports. Loaded by every command that says such a thing: imports next to nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '@peakstone/kernel/durable';
import { locateStack } from '../project/locate.ts';
import { readOwn } from '../project/ownership.ts';
import type { StackPaths } from '../project/paths.ts';
import type { StackSettings } from './settings.ts';

/** The options of `up` that these settings come from, but for the data folder's. Pure. */
export function startWords({ example, migrate, host, portBase }: StackSettings): readonly string[] {
  return [
    ...(example === undefined ? [] : ['--example', example]),
    ...(migrate === false ? ['--no-migrate'] : []),
    ...(host === undefined ? [] : ['--host', host]),
    ...(portBase === undefined ? [] : ['--port-base', String(portBase)]),
  ];
}

/** For the hints to come. */
export function recordStart(paths: StackPaths, settings: StackSettings): void {
  const words = [...(settings.detached ? ['--detach'] : []), ...startWords(settings)];
  writeFileDurably(fileOf(paths), `${JSON.stringify({ words })}\n`, 0o600);
}

/** Empty where none was started, or nobody can tell, as where another user has written it. @param dataDir as for `locateStack` */
export function lastStart(cwd: string, dataDir: string | undefined): readonly string[] {
  try {
    const file = fileOf(locateStack(cwd, dataDir));
    if (!existsSync(file)) return [];
    const { words } = JSON.parse(readOwn(file)) as { readonly words?: unknown };
    return Array.isArray(words) && words.every(word => typeof word === 'string') ? words : [];
  } catch {
    // Told beside something else, which is what counts: a hint without options is better than an error in its place.
    return [];
  }
}

function fileOf({ data }: StackPaths): string {
  return join(data, 'started.json');
}
