import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import type { StackSummary } from '@peakstone/stack';

const sources = fileURLToPath(new URL('../../../cli/bin/main.mjs', import.meta.url));

export interface StartedCli {
  readonly child: ChildProcess;
  readonly summary: StackSummary;
  /** From the spawn of the process to the summary, which is printed when every health check is green. */
  readonly upMs: number;
}

/** Runs `peakstone up --json` in a folder and waits until it says that it is up. */
export async function startCli(
  folder: string,
  portBase: number,
  env: Record<string, string> = {},
  /** The project whose installed command is run; default the sources'. */
  installedIn?: string,
): Promise<StartedCli> {
  const main = installedIn === undefined ? sources : join(installedIn, 'node_modules/peakstone/bin/main.mjs');
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [...memoryFlags, main, 'up', '--json', '--port-base', String(portBase)],
    {
      cwd: folder,
      // As the command starts itself.
      env: { ...memoryEnv(process.env), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let noise = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    noise = (noise + text).slice(-4000);
  });
  const first = createInterface({ input: child.stdout as Readable })
    [Symbol.asyncIterator]()
    .next();
  const line = await Promise.race([first, once(child, 'exit').then(() => null)]);
  if (!line || line.done) throw new Error(`peakstone up ended:\n${noise}`);
  return { child, summary: JSON.parse(line.value) as StackSummary, upMs: performance.now() - began };
}

/** A folder that root's PostgreSQL, which runs as another user, can pass through: else its data would go to /var/lib. */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711);
  return folder;
}

export async function stopCli({ child }: StartedCli): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

/** Runs one command in the stack's folder; gives what it printed. @throws when it fails */
export async function runCli(folder: string, argv: readonly string[], input = ''): Promise<string> {
  const child = spawn(process.execPath, [sources, ...argv], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(input);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`peakstone ${argv[0]} ended with ${code}`);
  return output;
}

export function gatewayOf(summary: StackSummary): string {
  return `http://127.0.0.1:${summary.ports.gateway}`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
