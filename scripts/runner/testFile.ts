/** Runs one test file in a process of its own, for a bounded time. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { killProcesses, markOf, processesMarked } from './processes.ts';
import { EVENTS_VARIABLE, type FileEvent } from './reporter.ts';

export interface FileResult {
  readonly passed: number;
  readonly skips: readonly { readonly name: string; readonly reason: string }[];
  /** Without a line: of the file as a whole. */
  readonly failures: readonly { readonly name: string; readonly line?: number; readonly why: string }[];
  /** What it printed, its end if it is long. */
  readonly output: string;
  readonly tookMs: number;
}

export interface FileLimits {
  /** One test of it. */
  readonly testMs: number;
  /** All of it; it is killed then. */
  readonly fileMs: number;
  /** After its last test, where one has failed: what that left behind may keep it from ending. Default a minute. */
  readonly lingerMs?: number;
}

/** Output kept of a file, to be shown when it fails. */
const MAX_OUTPUT = 64 * 1024;
/** What holds the file's output open after its end is no part of it any more. */
const LAST_OUTPUT_MS = 2_000;
const LINGER_MS = 60_000;
const REPORTER = fileURLToPath(new URL('./reporter.ts', import.meta.url));

const running = new Map<string, () => void>();

/** Kills the files that run now, for a run that is broken off. */
export function killRunning(): void {
  for (const kill of running.values()) kill();
}

/** @param file absolute */
export async function runTestFile(file: string, limits: FileLimits): Promise<FileResult> {
  const startedAt = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-events-'));
  const events = path.join(folder, 'events');
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [`--test-reporter=${REPORTER}`, `--test-timeout=${limits.testMs}`, file],
    { env: { ...env, [EVENTS_VARIABLE]: events, ...markOf(file) }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-MAX_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limits.fileMs);
  const linger = whenLingering(events, limits.lingerMs ?? LINGER_MS, () => child.kill('SIGKILL'));
  running.set(file, () => child.kill('SIGKILL'));
  try {
    const closed = new Promise<void>(resolve => child.once('close', () => resolve()));
    const end = await new Promise<End>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve({ code, signal, isLate, lingered: linger.hasFired }));
    });
    // Nobody is left to stop what it had started.
    if (isLate || linger.hasFired) await killProcesses(processesMarked(file));
    await Promise.race([closed, sleep(LAST_OUTPUT_MS, undefined, { ref: false })]);
    return {
      ...summarize(readEvents(events), end, limits),
      output,
      tookMs: performance.now() - startedAt,
    };
  } finally {
    clearTimeout(timer);
    linger.stop();
    running.delete(file);
    child.stdout.destroy();
    child.stderr.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Calls `act` once all tests are over, one has failed, and nothing was told any more for `quietMs`. */
function whenLingering(
  file: string,
  quietMs: number,
  act: () => void,
): { readonly hasFired: boolean; stop(): void } {
  let told = 0;
  let since = performance.now();
  let hasFired = false;
  const timer = setInterval(
    () => {
      const events = readEvents(file);
      if (events.length !== told) {
        told = events.length;
        since = performance.now();
      }
      const isOver = openTests(events).length === 0 && events.some(event => event.kind === 'failed');
      if (!isOver || hasFired || performance.now() - since < quietMs) return;
      hasFired = true;
      act();
    },
    Math.min(2_000, quietMs),
  );
  return {
    get hasFired() {
      return hasFired;
    },
    stop: () => clearInterval(timer),
  };
}

function readEvents(file: string): FileEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // It did not get as far as its first test.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  // The last line of a process that was killed may be half a line, and has no end.
  return text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as FileEvent);
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was killed because it took too long. */
  readonly isLate: boolean;
  /** A failed test had left something that kept it from ending; the failure has been told. */
  readonly lingered: boolean;
}

function summarize(
  events: readonly FileEvent[],
  { code, signal, isLate, lingered }: End,
  { fileMs }: FileLimits,
): Pick<FileResult, 'passed' | 'skips' | 'failures'> {
  const failures: FileResult['failures'][number][] = events.filter(event => event.kind === 'failed');
  const fail = (how: string) => failures.push({ name: 'the file', why: `${how}, ${whereItWas(events)}.` });
  if (isLate) fail(`Not finished after ${fileMs / 1000} s, and killed`);
  else if (signal !== null && !lingered) fail(`Ended by ${signal}`);
  // Otherwise a failed test is why, and has been told.
  else if (code !== 0 && signal === null && failures.length === 0) fail(`Ended with ${code}`);
  return {
    passed: events.filter(event => event.kind === 'passed').length,
    skips: events.filter(event => event.kind === 'skipped'),
    failures,
  };
}

function openTests(events: readonly FileEvent[]): readonly string[] {
  const open: string[] = [];
  for (const { kind, name } of events) {
    if (kind === 'begun') open.push(name);
    else if (kind === 'ended') open.splice(open.lastIndexOf(name), 1);
  }
  return open;
}

function whereItWas(events: readonly FileEvent[]): string {
  const open = openTests(events);
  if (open.length > 0) return `in: ${open.join(' > ')}`;
  return events.length > 0 ? 'when all its tests were over' : 'before its first test';
}
