/**
 * `npm test [-- PATTERN…]`: type checker, linter, unused code, then every test file, two at a time, on one shared
 * throw-away PostgreSQL. A pattern keeps the files whose path contains it, and the checks of that name.
 * Ends with one line, `N passed, M failed`, and exit code 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sharedServerUrl } from '../packages/testing/src/index.ts';
import { killProcesses, processesMarked } from './runner/processes.ts';
import { type FileLimits, type FileResult, killRunning, runTestFile } from './runner/testFile.ts';
import { trackedFiles } from './runner/tracked.ts';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TEST_FILES = ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'];
/** Each looks at the product's own files only: tsc and knip by their settings, Biome by being told. */
const CHECKS: readonly { readonly name: string; readonly program?: string; args(): readonly string[] }[] = [
  { name: 'tsc', args: () => ['-p', 'tsconfig.json'] },
  // Pages run in browsers, where other names are known.
  { name: 'tsc of pages', program: 'tsc', args: () => ['-p', 'packages/console/tsconfig.web.json'] },
  { name: 'biome', args: () => ['check', '--diagnostic-level=warn', ...trackedFiles(ROOT)] },
  { name: 'knip', args: () => ['--no-progress'] },
];
const CHECK_MS = 600_000;
const CONCURRENCY = 2;
/** What takes longer hangs, also on a machine that is many times slower than a developer's. */
const LIMITS: FileLimits = { testMs: 300_000, fileMs: 900_000 };
/** Beside the code stand the tests of pure stages: a run of nothing else waits for no server. */
const PURE_FILES = /^packages\/[^/]+\/src\//;
/** Files that build images and run containers take minutes, and the whole machine: they come last, one at a time. */
const CONTAINER_FILES = /\/test\/docker\//;
const CONTAINER_LIMITS: FileLimits = { testMs: 1_800_000, fileMs: 2_400_000 };
/** How long what tests have started may take to end after them. */
const LEFTOVER_MS = 10_000;
/** Output kept of a check, to be shown when it fails. */
const MAX_OUTPUT = 64 * 1024;

const HELP = `npm test [-- PATTERN…]

Type checker, linter, unused code, then every test file, two at a time, on one throw-away PostgreSQL.
A pattern keeps the files whose path contains it, and the checks of that name.

  npm test -- packages/cli        the files of one package
  npm test -- script.test         one file
  npm test -- biome               one check

Ends with "N passed, M failed"; exit code 1 when anything failed.
`;

const patterns = process.argv.slice(2);
if (patterns.includes('--help') || patterns.includes('-h')) {
  process.stdout.write(HELP);
  process.exit();
}
const wanted = (name: string) => patterns.length === 0 || patterns.some(pattern => name.includes(pattern));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** Files that were run, or run now. */
const started = new Set<string>();
const say = (text: string) => process.stdout.write(`${text}\n`);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killRunning();
    // The signals are sent at once; nothing is left to wait for.
    void killProcesses(processesMarked(started));
    fail('the run', `Broken off by ${signal}.`);
    finish();
  });
}
try {
  await runAll();
} catch (error) {
  killRunning();
  fail('the run', error instanceof Error ? (error.stack ?? error.message) : String(error));
}
finish();

async function runAll(): Promise<void> {
  process.chdir(ROOT);
  const files = globSync(TEST_FILES).filter(wanted).sort();
  const checks = CHECKS.filter(check => wanted(check.name));
  if (files.length === 0 && checks.length === 0) say(`Nothing matches ${patterns.join(' ')}.`);
  for (const check of checks) await runCheck(check);
  if (files.length === 0) return;
  if (!files.every(file => PURE_FILES.test(file)))
    process.env.PEAKSTONE_TEST_DATABASE_URL = await sharedServerUrl();
  await runFiles(
    files.filter(file => !CONTAINER_FILES.test(file)),
    CONCURRENCY,
    LIMITS,
  );
  await runFiles(
    files.filter(file => CONTAINER_FILES.test(file)),
    1,
    CONTAINER_LIMITS,
  );
  await endLeftovers();
}

/** The last line, whatever has happened. */
function finish(): never {
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  say(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exit(totals.failed > 0 || totals.passed + totals.skipped === 0 ? 1 : 0);
}

function fail(what: string, why: string): void {
  totals.failed++;
  say(`FAIL ${what}\n${indent(why)}`);
}

async function runCheck(check: (typeof CHECKS)[number]): Promise<void> {
  const startedAt = performance.now();
  const { name, program = name } = check;
  const { status, output } = await capture(path.join(ROOT, 'node_modules', '.bin', program), check.args());
  const took = seconds(performance.now() - startedAt);
  if (status !== 0) return fail(`${check.name} (${took})`, output);
  totals.passed++;
  say(`ok   ${check.name} (${took})`);
}

/** Runs a program with this very Node first on its path, so that its `#!/usr/bin/env node` finds a new enough one. */
function capture(
  command: string,
  args: readonly string[],
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`;
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, PATH, NO_COLOR: '1' },
      timeout: CHECK_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (status, signal) =>
      resolve({ status, output: signal === null ? output : `${output}\nEnded by ${signal}.` }),
    );
  });
}

async function runFiles(paths: readonly string[], concurrency: number, limits: FileLimits): Promise<void> {
  const left = [...paths];
  const worker = async (): Promise<void> => {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      started.add(path.resolve(file));
      tell(file, await runTestFile(path.resolve(file), limits));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

function tell(file: string, { passed, skips, failures, output, tookMs }: FileResult): void {
  totals.passed += passed;
  totals.skipped += skips.length;
  for (const { name, reason } of skips) if (reason !== '') say(`skip ${file}: ${name} (${reason})`);
  for (const { name, line, why } of failures) {
    fail(`${file}${line === undefined ? '' : `:${line}`}: ${name}`, why);
  }
  const bad = failures.length > 0;
  say(`${bad ? 'FAIL' : 'ok  '} ${file} (${passed} tests, ${seconds(tookMs)})`);
  if (bad && output.trim() !== '') say(indent(`output of ${file}:\n${output.trim()}`));
}

/** What a test has started and nobody has stopped is told, and ended by its own id. */
async function endLeftovers(): Promise<void> {
  const deadline = performance.now() + LEFTOVER_MS;
  let leftovers = processesMarked(started);
  while (leftovers.length > 0 && performance.now() < deadline) {
    await sleep(200);
    leftovers = processesMarked(started);
  }
  for (const { pid, file, command } of leftovers) {
    say(`left running by ${path.relative(ROOT, file)}: process ${pid}, ${command.slice(0, 200)}`);
  }
  await killProcesses(leftovers);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '     ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
