import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { memoryEnv, memoryFlags } from '@peakstone/kernel/memory';
import {
  ensureDataFolder,
  locateStack,
  type OnStackEvent,
  StackError,
  type StackErrorCode,
  type StackEvent,
  type StackSettings,
  type StackSummary,
} from '@peakstone/stack';
import { startWords } from '@peakstone/stack/started';

/** What the background process says on descriptor 3 until it is up. */
export type Report =
  | { readonly kind: 'event'; readonly event: StackEvent }
  | { readonly kind: 'up'; readonly summary: StackSummary }
  | {
      readonly kind: 'failed';
      readonly code: string | null;
      readonly message: string;
      readonly hint: string | null;
    };

/**
 * Starts the stack in a process of its own session and waits until it is up; an abort stops it again.
 * @throws {StackError} what the start failed with.
 */
export async function startDetached(
  settings: StackSettings,
  onEvent: OnStackEvent,
  signal: AbortSignal,
): Promise<StackSummary> {
  const paths = locateStack(settings.cwd, settings.data);
  ensureDataFolder(paths);
  // Only what Node itself prints when it dies; the stack's own words go to its log.
  const crashFile = join(paths.logs, 'crash.txt');
  const crash = openSync(crashFile, 'a', 0o600);
  const main = fileURLToPath(new URL('../../bin/main.mjs', import.meta.url));
  // It serves nothing itself: what is young in it is little, and would keep memory that it needed once.
  const flags = [...process.execArgv, ...memoryFlags, '--max-semi-space-size=1'];
  const child = spawn(process.execPath, [...flags, main, '_serve', ...serveArguments(settings)], {
    cwd: settings.cwd,
    env: memoryEnv(settings.env),
    detached: true,
    stdio: ['ignore', crash, crash, 'pipe'],
  });
  closeSync(crash);
  const abort = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  const exited = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  try {
    const last = await readReports(child.stdio[3] as Readable, onEvent);
    if (last?.kind === 'up') {
      child.unref();
      return last.summary;
    }
    await exited;
    if (signal.aborted)
      throw new StackError('aborted', 'The start was interrupted; everything is stopped again.');
    if (last?.kind === 'failed') {
      throw new StackError(
        (last.code ?? 'startFailed') as StackErrorCode,
        last.message,
        last.hint === null ? {} : { hint: last.hint },
      );
    }
    throw new StackError('startFailed', 'The background process ended before it was up.', {
      hint: `See ${crashFile} and 'peakstone logs stack'.`,
    });
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Hands events on; the last report, or null when the process closed the descriptor without one. */
async function readReports(
  stream: Readable,
  onEvent: OnStackEvent,
): Promise<Exclude<Report, { kind: 'event' }> | null> {
  for await (const line of createInterface({ input: stream })) {
    const report = JSON.parse(line) as Report;
    if (report.kind !== 'event') return report;
    onEvent(report.event);
  }
  return null;
}

function serveArguments(settings: StackSettings): readonly string[] {
  return [...(settings.data === undefined ? [] : ['--data', settings.data]), ...startWords(settings)];
}
