import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { forgetMemoryEnv, memoryEnv, memoryFlags } from '@peakstone/kernel/memory';

const run = (script: string): string => {
  const child = spawnSync(process.execPath, [...memoryFlags, '--input-type=module', '-e', script], {
    encoding: 'utf8',
    env: memoryEnv(process.env),
  });
  assert.equal(child.status, 0, child.stderr);
  return child.stdout.trim();
};

describe('a process that keeps little memory', () => {
  it('is started so by the flags and the environment, which its children do not get', () => {
    const env: Record<string, string | undefined> = memoryEnv({ PATH: '/bin', MALLOC_ARENA_MAX: '8' });
    assert.equal(env.MALLOC_ARENA_MAX, '8');
    forgetMemoryEnv(env);
    assert.deepEqual(env, { PATH: '/bin', MALLOC_ARENA_MAX: '8' });
  });

  it('gives back at rest what its busiest moment took', () => {
    const { href } = new URL('../src/atRest.ts', import.meta.url);
    const outcome = run(`
      import { releaseMemoryAtRest } from ${JSON.stringify(href)};
      releaseMemoryAtRest();
      // So large that the allocator gives them back as soon as they are collected.
      globalThis.kept = Array.from({ length: 4 }, () => Buffer.alloc(40_000_000, 1));
      const peak = process.memoryUsage.rss();
      globalThis.kept = null;
      const deadline = Date.now() + 60_000;
      const timer = setInterval(() => {
        const isBack = process.memoryUsage.rss() < peak - 120_000_000;
        if (!isBack && Date.now() < deadline) return;
        console.log(isBack ? 'given back' : 'kept');
        clearInterval(timer);
      }, 100);`);
    assert.equal(outcome, 'given back');
  });

  it('gives back what was still in use when it last collected', () => {
    const { href } = new URL('../src/atRest.ts', import.meta.url);
    const outcome = run(`
      import { releaseMemoryAtRest } from ${JSON.stringify(href)};
      const collect = globalThis.gc;
      let collections = 0;
      globalThis.gc = () => {
        collections++;
        collect();
      };
      releaseMemoryAtRest(100);
      globalThis.kept = [];
      let peak = Infinity;
      let seen = 0;
      const deadline = Date.now() + 60_000;
      const timer = setInterval(() => {
        if (globalThis.kept?.length === 0 && collections > 0) {
          globalThis.kept = Array.from({ length: 40 }, () => Buffer.alloc(4_000_000, 1));
          peak = process.memoryUsage.rss();
          seen = collections;
        } else if (globalThis.kept?.length > 0 && collections > seen) globalThis.kept = null;
        const isBack = globalThis.kept === null && process.memoryUsage.rss() < peak - 120_000_000;
        if (!isBack && Date.now() < deadline) return;
        console.log(isBack ? 'given back' : 'kept');
        clearInterval(timer);
      }, 20);`);
    assert.equal(outcome, 'given back');
  });
});
