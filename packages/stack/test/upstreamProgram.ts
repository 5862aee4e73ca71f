/**
 * Runs an upstream program as its container would, with the rendered command, environment and files. Only host names,
 * ports and folders differ.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StackConfig } from '../src/definition.ts';
import { buildContainers } from '../src/render/containers.ts';
import { resolveStack } from '../src/resolve.ts';
import { freshValues } from './values.ts';

export interface Output {
  readonly code: number;
  readonly text: string;
}

export interface Workshop {
  readonly folder: string;
  /** Runs it to its end. `text` is what it printed, both streams. */
  run(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<Output>;
  /** Starts it and resolves when `url` answers with success. @throws what it printed, when it ends before that. */
  serve(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    url: string,
  ): Promise<void>;
  /** Ends what was started, and removes the folder. */
  close(): Promise<void>;
}

/** Where a program is: `NAME_BIN`, or on the path. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const named = process.env[`${name.toUpperCase()}_BIN`];
  return [...(named ? [named] : []), ...folders.map(folder => join(folder, name))].find(
    path => isProgram(path) && (name !== 'mc' || isMinioClient(path)),
  );
}

/** Why a test that needs these programs is skipped, or false. */
export function lacking(...names: readonly string[]): string | false {
  const missing = names.filter(name => findProgram(name) === undefined);
  if (missing.length === 0) return false;
  return `needs ${missing.join(' and ')}: on the path, or in ${missing.map(name => `${name.toUpperCase()}_BIN`).join(' and ')}`;
}

/** A service's container with every variable filled in, its files by their paths in the container. */
export function fillContainer(
  config: StackConfig,
  service: string,
  overrides: Readonly<Record<string, string>> = {},
): {
  readonly command: readonly string[];
  readonly environment: Record<string, string>;
  readonly files: ReadonlyMap<string, string>;
} {
  const container = buildContainers(resolveStack(config)).find(candidate => candidate.name === service);
  if (!container) throw new Error(`the stack has no ${service}`);
  const values = freshValues(overrides);
  return {
    command: [...(container.entrypoint ?? []), ...(container.command ?? [])].map(part =>
      interpolate(part, values),
    ),
    environment: Object.fromEntries(
      Object.entries(container.environment).map(([name, value]) => [name, interpolate(value, values)]),
    ),
    files: new Map(
      (container.files ?? []).map(file => [file.target, interpolate(file.content, values)] as const),
    ),
  };
}

/** Compose's interpolation: `$$`, `${NAME}`, `${NAME:-default}` with more inside, `${NAME:?message}`. */
export function interpolate(text: string, values: Readonly<Record<string, string>>): string {
  const innermost = /(?<!\$)((?:\$\$)*)\$\{([A-Z0-9_]+)(?::-([^${}]*)|:\?[^${}]*)?\}/;
  let filled = text;
  for (let match = innermost.exec(filled); match; match = innermost.exec(filled)) {
    const [whole, dollars = '', name = '', fallback = ''] = match;
    const value = (values[name] || fallback).replaceAll('$', '$$$$');
    filled = filled.slice(0, match.index) + dollars + value + filled.slice(match.index + whole.length);
  }
  return filled.replaceAll('$$', '$');
}

export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-upstream-'));
  const started: ChildProcess[] = [];
  return {
    folder,
    run: ([program = '', ...args], environment) =>
      new Promise(resolve => {
        const options = { cwd: folder, env: withPath(environment), timeout: 60_000 };
        execFile(program, args, options, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code) || 1 : 0, text: stdout + stderr }),
        );
      }),
    serve: async ([program = '', ...args], environment, url) => {
      const child = spawn(program, args, { cwd: folder, env: withPath(environment) });
      started.push(child);
      let said = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          said = (said + chunk).slice(-20_000);
        });
      for (let tries = 0; tries < 300; tries++) {
        if (child.exitCode !== null) break;
        const answer = await fetch(url).catch(() => undefined);
        await answer?.body?.cancel();
        if (answer?.ok) return;
        await sleep(200);
      }
      throw new Error(`${basename(program)} does not answer at ${url}:\n${said}`);
    },
    close: async () => {
      for (const child of started) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise(resolve => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Writes a file of a container under `folder`, and resolves its path. */
export function writeFile(folder: string, target: string, content: string | Buffer): string {
  const path = join(folder, target);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The programs that are known by variables are found by scripts too. */
function withPath(environment: Readonly<Record<string, string>>): Record<string, string> {
  const own = ['mc', 'atlas'].flatMap(name => {
    const program = findProgram(name);
    return program === undefined ? [] : [dirname(program)];
  });
  return { ...environment, HOME: tmpdir(), PATH: [...own, '/usr/bin', '/bin'].join(delimiter) };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Not Midnight Commander, which has the same name. */
function isMinioClient(path: string): boolean {
  return /minio/i.test(spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '');
}
