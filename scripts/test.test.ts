import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRunning } from './runner/processes.ts';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
let folder: string;

/** The runner in a repository of a few test files. */
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'peakstone-runner-'));
  mkdirSync(path.join(folder, 'scripts'));
  mkdirSync(path.join(folder, 'packages'));
  cpSync(path.join(ROOT, 'scripts/test.ts'), path.join(folder, 'scripts/test.ts'));
  cpSync(path.join(ROOT, 'scripts/runner'), path.join(folder, 'scripts/runner'), {
    recursive: true,
    filter: source => !source.endsWith('.test.ts'),
  });
  symlinkSync(path.join(ROOT, 'packages/testing'), path.join(folder, 'packages/testing'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const file = (name: string, body: string) =>
    writeFileSync(
      path.join(folder, 'scripts', `${name}.test.ts`),
      `import { describe, it } from 'node:test';\n${body}\n`,
    );
  file(
    'good',
    "describe('sums', () => { it('add', () => {}); it('wait', { skip: 'no peer' }, () => {}); });",
  );
  file(
    'bad',
    "describe('sums', () => { it('fit', () => { console.log('said before'); throw new Error('off by one'); }); it('add', () => {}); });",
  );
  file('broken', "import './absent.ts';");
  file(
    'untidy',
    `import { spawn } from 'node:child_process';
    it('leaves a program running', async () => {
      console.log(spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).pid);
      process.exit(0);
    });`,
  );
  file(
    'slow',
    "it('takes its time', async () => { await new Promise(resolve => setTimeout(resolve, 600_000)); });",
  );
  file(
    'served',
    "it('has a server', () => { if (!process.env.PEAKSTONE_TEST_DATABASE_URL) throw new Error('none'); });",
  );
});
after(() => rmSync(folder, { recursive: true }));

function start(...patterns: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [path.join(folder, 'scripts/test.ts'), ...patterns], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function run(...patterns: string[]) {
  const child = start(...patterns);
  const [output, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { status: status as number | null, output, last: output.trimEnd().split('\n').at(-1) };
}

describe('npm test', () => {
  it('counts tests, not suites, and ends with one plain line', async () => {
    const { status, output, last } = await run('scripts/good');
    assert.equal(last, '1 passed, 0 failed, 1 skipped');
    assert.equal(status, 0);
    assert.match(output, /^skip scripts\/good\.test\.ts: wait \(no peer\)$/m);
  });

  it('shows what failed, where, why, and what the file had printed', async () => {
    const { status, output, last } = await run('scripts/bad');
    assert.equal(last, '1 passed, 1 failed');
    assert.equal(status, 1);
    assert.match(output, /^FAIL scripts\/bad\.test\.ts:\d+: fit\n {5}Error: off by one$/m);
    assert.match(output, /said before/);
  });

  it('counts a file that cannot be loaded as a failure', async () => {
    const { status, output, last } = await run('scripts/broken');
    assert.equal(last, '0 passed, 1 failed');
    assert.equal(status, 1);
    assert.match(output, /absent\.ts/);
  });

  it('gives every file the shared server', async () => {
    assert.equal((await run('scripts/served')).last, '1 passed, 0 failed');
  });

  it('takes several patterns, and fails when nothing matches', async () => {
    assert.equal((await run('scripts/good', 'scripts/served')).last, '2 passed, 0 failed, 1 skipped');
    const { status, output, last } = await run('nothing-like-this');
    assert.equal(status, 1);
    assert.equal(last, '0 passed, 0 failed');
    assert.match(output, /Nothing matches nothing-like-this/);
  });

  it('tells what a file left running, and ends it', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    const { output, last } = await run('scripts/untidy');
    const left = /^left running by scripts\/untidy\.test\.ts: process (\d+), sleep 600$/m.exec(output);
    assert.ok(left, output);
    assert.equal(isRunning(Number(left[1])), false);
    assert.match(last ?? '', /^\d passed, \d failed$/);
  });

  it('ends with that line when it is broken off', async () => {
    const child = start('scripts/good', 'scripts/slow');
    const ended = once(child, 'close');
    let output = '';
    let isAsked = false;
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      output += chunk;
      if (!isAsked && /^ok {3}scripts\/good/m.test(output)) isAsked = child.kill('SIGTERM');
    }
    assert.match(output, /^FAIL the run\n {5}Broken off by SIGTERM\.\n1 passed, 1 failed, 1 skipped\n$/m);
    assert.deepEqual(await ended, [1, null]);
  });
});
