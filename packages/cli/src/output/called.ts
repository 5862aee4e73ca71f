import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The commands, of which the commands' own files cannot tell this one without a circle. */
export const commandNames = [
  ...[
    'init',
    'up',
    'down',
    'restart',
    'status',
    'logs',
    'sql',
    'console',
    'migrate',
    'url',
    'secrets',
    'backup',
  ],
  ...['doctor', 'compose', 'deploy', 'import', 'dump', 'gen', 'rest', 'graphql', 'gateway', 'images'],
  ...['storage', 'db-bootstrap', 'atlas-migrate', 'health', 'completions', 'version', 'help', '_serve'],
] as const;

/** `peakstone up` in a sentence: not the end of a path or of a package's name, and not the engine of that name. */
const commandLines = new RegExp(
  `(?<![\\w@/.-]|npx )peakstone(?=\\s+(?:(?:${commandNames.join('|')})(?![\\w-])|--[a-z]|COMMAND|\\[OPTIONS))`,
  'g',
);

export type Caller = Readonly<Record<string, string | undefined>>;

/**
 * The text with its commands as this user can type them. Looks for an installed package.
 * @example asCalled('Stop it: peakstone down', { npm_command: 'exec' }) // 'Stop it: npx peakstone down'
 */
export function asCalled(text: string, env: Caller, cwd = process.cwd()): string {
  const called = calledAs(env, cwd);
  // As a function: a path may hold what replace() takes for a pattern.
  return text.replace(commandLines, () => called);
}

/** A stream for people, which names commands as they were called in whatever is written to it. */
export function namingCommands(
  stream: NodeJS.WriteStream,
  told: (text: string) => string,
): NodeJS.WriteStream {
  const write = (part: string | Uint8Array, ...rest: []): boolean =>
    stream.write(typeof part === 'string' ? told(part) : part, ...rest);
  return new Proxy(stream, {
    get(target, name) {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * How this process's command was called: by a clone's script, by npx, or from the PATH. npx is named only where it finds
 * the package without asking the registry, where anyone could have published one of that name: to whoever typed it just
 * now, and under npm's scripts of a project that has it installed.
 */
export function calledAs(env: Caller, cwd: string): string {
  if (env.PEAKSTONE_CALLED) return shellWord(env.PEAKSTONE_CALLED);
  const byNpm = env.npm_command === 'exec' || (env.npm_execpath !== undefined && isInstalled(cwd));
  return byNpm ? 'npx peakstone' : 'peakstone';
}

/** As it can be typed, whatever folders lead to it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function isInstalled(cwd: string): boolean {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', '.bin', 'peakstone'))) return true;
    if (folder === dirname(folder)) return false;
  }
}
