import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isRunning } from './processes.ts';
import { type FileLimits, runTestFile } from './testFile.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-file-'));
after(() => rmSync(folder, { recursive: true }));

async function run(name: string, body: string, limits: Partial<FileLimits> = {}) {
  const file = path.join(folder, `${name}.test.mjs`);
  writeFileSync(file, `import { describe, it } from 'node:test';\n${body}\n`);
  return await runTestFile(file, { testMs: 60_000, fileMs: 60_000, ...limits });
}

describe('a test file', () => {
  it('that does not end is killed when its time is over, and what it was doing is told', async () => {
    const handle = await run('handle', "it('fine', () => {}); setInterval(() => {}, 1000);", {
      fileMs: 4000,
    });
    assert.equal(handle.passed, 1);
    assert.deepEqual(handle.failures, [
      { name: 'the file', why: 'Not finished after 4 s, and killed, when all its tests were over.' },
    ]);
    const deaf = await run(
      'deaf',
      `process.on('SIGTERM', () => {});
      describe('outer', () => { it('hangs', () => new Promise(() => setInterval(() => {}, 1000))); });`,
      { fileMs: 4000 },
    );
    assert.deepEqual(deaf.failures, [
      { name: 'the file', why: 'Not finished after 4 s, and killed, in: outer > hangs.' },
    ]);
    const spinning = await run('spinning', "it('spins', () => { for (;;); });", { fileMs: 2000 });
    assert.match(spinning.failures[0]?.why ?? '', /^Not finished after 2 s, and killed, /);
  });

  it('takes along what it has started when it is killed', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    const pidFile = path.join(folder, 'pid');
    await run(
      'parent',
      `import { spawn } from 'node:child_process';
      import { writeFileSync } from 'node:fs';
      const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`,
      { fileMs: 4000 },
    );
    assert.equal(isRunning(Number(readFileSync(pidFile, 'utf8'))), false);
  });

  it('with a test that takes too long goes on with the next', async () => {
    const { passed, failures } = await run(
      'long',
      "it('hangs', () => new Promise(resolve => setTimeout(resolve, 20_000)));\nit('fine', () => {});",
      { testMs: 500 },
    );
    assert.equal(passed, 1);
    assert.deepEqual(
      failures.map(({ name, line, why }) => [name, line, why]),
      [['hangs', 2, 'test timed out after 500ms']],
    );
  });

  it('whose failed test has left a program running is not waited for', async () => {
    const { failures } = await run(
      'lingering',
      `import { spawn } from 'node:child_process';
      it('leaves it', () => { spawn('sleep', ['600']); throw new Error('off by one'); });`,
      { lingerMs: 300, fileMs: 240_000 },
    );
    assert.deepEqual(
      failures.map(({ name }) => name),
      ['leaves it'],
    );
  });

  it('that is ended by a signal, or by itself without a reason, has failed', async () => {
    const crashed = await run('crashed', "it('crashes', () => process.kill(process.pid, 'SIGSEGV'));");
    assert.match(crashed.failures[0]?.why ?? '', /^Ended by SIGSEGV, /);
    const left = await run(
      'left',
      "it('fine', () => {}); process.on('exit', () => { process.exitCode = 3; });",
    );
    assert.deepEqual(
      left.failures.map(({ why }) => why),
      ['Ended with 3, when all its tests were over.'],
    );
  });

  it('may print anything, from anywhere', async () => {
    const { output, passed } = await run(
      'loud',
      "console.log('1..0'); it('fine', () => { console.error('not ok 1'); });",
    );
    assert.equal(passed, 1);
    assert.match(output, /^1\.\.0$/m);
    assert.match(output, /^not ok 1$/m);
  });
});
