import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const loaded = (code: string): string => {
  const child = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `${code}; console.log(process.moduleLoadList.join())`],
    { encoding: 'utf8' },
  );
  assert.equal(child.status, 0, child.stderr);
  return child.stdout;
};

describe('loading the HTTP edge', () => {
  it('loads no other HTTP client, which would take longer than all the rest', () => {
    const { href } = new URL('../../src/http/index.ts', import.meta.url);
    assert.match(loaded('globalThis.fetch("data:,")'), /undici/);
    assert.doesNotMatch(loaded(`await import(${JSON.stringify(href)})`), /undici/);
  });
});
