import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
let folder: string;

/** The runner in a repository of a few test files. */
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'peakstone-runner-'));
  mkdirSync(path.join(folder, 'scripts'));
  mkdirSync(path.join(folder, 'packages'));
  cpSync(path.join(ROOT, 'scripts/test.ts'), path.join(folder, 'scripts/test.ts'));
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
    'served',
    "it('has a server', () => { if (!process.env.PEAKSTONE_TEST_DATABASE_URL) throw new Error('none'); });",
  );
});
after(() => rmSync(folder, { recursive: true }));

function run(...patterns: string[]) {
  // Of the run around this one, which would otherwise tell the inner one that it is a test file.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(folder, 'scripts/test.ts'), ...patterns],
    { env, encoding: 'utf8' },
  );
  return { status, output: stdout, last: stdout.trimEnd().split('\n').at(-1) };
}

describe('npm test', () => {
  it('counts tests, not suites, and ends with one plain line', () => {
    const { status, output, last } = run('scripts/good');
    assert.equal(last, '1 passed, 0 failed, 1 skipped');
    assert.equal(status, 0);
    assert.match(output, /^skip scripts\/good\.test\.ts: wait \(no peer\)$/m);
  });

  it('shows what failed, where, why, and what the file had printed', () => {
    const { status, output, last } = run('scripts/bad');
    assert.equal(last, '1 passed, 1 failed');
    assert.equal(status, 1);
    assert.match(output, /^FAIL scripts\/bad\.test\.ts:\d+: fit\n {5}Error: off by one$/m);
    assert.match(output, /said before/);
  });

  it('counts a file that cannot be loaded as a failure', () => {
    const { status, output, last } = run('scripts/broken');
    assert.equal(last, '0 passed, 1 failed');
    assert.equal(status, 1);
    assert.match(output, /absent\.ts/);
  });

  it('gives every file the shared server', () => {
    assert.equal(run('scripts/served').last, '1 passed, 0 failed');
  });

  it('takes several patterns, and fails when nothing matches', () => {
    assert.equal(run('scripts/good', 'scripts/served').last, '2 passed, 0 failed, 1 skipped');
    const { status, output, last } = run('nothing-like-this');
    assert.equal(status, 1);
    assert.equal(last, '0 passed, 0 failed');
    assert.match(output, /Nothing matches nothing-like-this/);
  });
});
