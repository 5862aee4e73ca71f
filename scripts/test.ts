/**
 * `npm test [-- PATTERN…]`: type checker, linter, unused code, then every test file, two at a time, on one shared
 * throw-away PostgreSQL. A pattern keeps the files whose path contains it, and the checks of that name.
 * Ends with one line, `N passed, M failed`, and exit code 1 when anything failed.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { sharedServerUrl } from '../packages/testing/src/index.ts';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const TEST_FILES = ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'];
const CHECKS = [
  { name: 'tsc', args: ['-p', 'tsconfig.json'] },
  { name: 'biome', args: ['check', '--diagnostic-level=warn', '.'] },
  { name: 'knip', args: ['--no-progress'] },
] as const;
const CONCURRENCY = 2;
/** A test file that takes longer hangs. */
const TIMEOUT_MS = 300_000;
/** Files that build images and run containers take minutes, and the whole machine: they come last, one at a time. */
const CONTAINER_FILES = /\/test\/docker\//;
const CONTAINER_TIMEOUT_MS = 1_800_000;
/** Output kept of each file, to be shown when it fails. */
const MAX_OUTPUT = 64 * 1024;

const patterns = process.argv.slice(2);
const wanted = (name: string) => patterns.length === 0 || patterns.some(pattern => name.includes(pattern));
const totals = { passed: 0, failed: 0, skipped: 0 };
const say = (text: string) => process.stdout.write(`${text}\n`);

process.chdir(ROOT);
const files = globSync(TEST_FILES).filter(wanted).sort();
const checks = CHECKS.filter(check => wanted(check.name));
if (files.length === 0 && checks.length === 0) say(`Nothing matches ${patterns.join(' ')}.`);

for (const check of checks) await runCheck(check);
if (files.length > 0) {
  process.env.PEAKSTONE_TEST_DATABASE_URL = await sharedServerUrl();
  await runFiles(
    files.filter(file => !CONTAINER_FILES.test(file)),
    { concurrency: CONCURRENCY, timeout: TIMEOUT_MS },
  );
  await runFiles(
    files.filter(file => CONTAINER_FILES.test(file)),
    { concurrency: 1, timeout: CONTAINER_TIMEOUT_MS },
  );
}
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
say(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exit(totals.failed > 0 || totals.passed + totals.skipped === 0 ? 1 : 0);

async function runCheck(check: (typeof CHECKS)[number]): Promise<void> {
  const startedAt = performance.now();
  const { status, output } = await capture(path.join(ROOT, 'node_modules', '.bin', check.name), check.args);
  const took = seconds(performance.now() - startedAt);
  if (status === 0) {
    totals.passed++;
    say(`ok   ${check.name} (${took})`);
    return;
  }
  totals.failed++;
  say(`FAIL ${check.name} (${took})\n${indent(output)}`);
}

/** Runs a program with this very Node first on its path, so that its `#!/usr/bin/env node` finds a new enough one. */
function capture(
  command: string,
  args: readonly string[],
): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`;
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, PATH, NO_COLOR: '1' } });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', status => resolve({ status, output }));
  });
}

async function runFiles(
  paths: readonly string[],
  limits: { readonly concurrency: number; readonly timeout: number },
): Promise<void> {
  if (paths.length === 0) return;
  const outputs = new Map<string, string>();
  const failed = new Set<string>();
  const name = (file: string | undefined) => (file === undefined ? '?' : path.relative(ROOT, file));
  const keep = (file: string | undefined, text: string) =>
    outputs.set(name(file), ((outputs.get(name(file)) ?? '') + text).slice(-MAX_OUTPUT));

  for await (const event of run({
    files: paths.map(file => path.resolve(file)),
    ...limits,
  })) {
    switch (event.type) {
      case 'test:stdout':
      case 'test:stderr':
        keep(event.data.file, event.data.message);
        break;
      case 'test:pass':
        if (event.data.details.type === 'suite' || isFile(event.data)) break;
        if (event.data.skip !== undefined) {
          totals.skipped++;
          if (typeof event.data.skip === 'string' && event.data.skip !== '') {
            say(`skip ${name(event.data.file)}: ${event.data.name} (${event.data.skip})`);
          }
        } else totals.passed++;
        break;
      case 'test:fail': {
        const { error } = event.data.details;
        // A suite fails because of what is in it, which has been told already.
        const failureType = 'failureType' in error ? error.failureType : undefined;
        if (failureType === 'subtestsFailed') break;
        totals.failed++;
        failed.add(name(event.data.file));
        say(
          `FAIL ${name(event.data.file)}:${event.data.line ?? 1}: ${event.data.name}\n${indent(describe(error))}`,
        );
        break;
      }
      case 'test:summary': {
        // One a file, and one for all, which has no file.
        if (event.data.file === undefined) break;
        const file = name(event.data.file);
        const { counts, duration_ms } = event.data;
        const bad = failed.has(file) || !event.data.success;
        say(`${bad ? 'FAIL' : 'ok  '} ${file} (${counts.passed} tests, ${seconds(duration_ms)})`);
        if (bad) showOutput(file, outputs.get(file));
        outputs.delete(file);
        break;
      }
    }
  }
  // A file that could not even be loaded has no summary.
  for (const file of failed) showOutput(file, outputs.get(file));
}

/** What a file printed, under the news that it failed. */
function showOutput(file: string, output: string | undefined): void {
  const text = output?.trim();
  if (text) say(indent(`output of ${file}:\n${text}`));
}

/** The runner reports a whole file as a test when it holds none. */
function isFile(data: { readonly name: string; readonly file?: string | undefined }): boolean {
  return data.file !== undefined && path.resolve(data.name) === data.file;
}

function describe(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error) return cause.stack?.includes(cause.message) ? cause.stack : inspect(cause);
  return typeof cause === 'string' ? cause : error.message;
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '     ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
